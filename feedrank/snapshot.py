"""`feedrank snapshot`: what has been published, what is being served, and the way back."""

import msgspec
from cyclopts import App
from rich.table import Column, Table

from core.settings import Settings, load_settings
from feedrank.terminal import out, user_name
from ranking.recommender import STATE_FILE
from warehouse import snapshots
from warehouse.connection import connect, is_lake
from warehouse.lake import publish_tables
from warehouse.shelf import shelf_of, store_of

app = App(name="snapshot")


@app.command(name="list")
def list_all() -> None:
    """All snapshots, newest first; the one being served is marked, and those that the gate refused are told."""
    settings = load_settings()
    served = shelf_of(settings).live()
    refused = snapshots.refused_ids(settings)
    listed = snapshots.list_snapshots(settings)
    if not listed:
        snapshots.current(settings)  # says what to do
    table = Table(
        "", Column("snapshot", no_wrap=True), Column("events up to (UTC)", no_wrap=True), "users", "posts", "MB"
    )
    for snapshot in listed:
        manifest = snapshot.manifest
        table.add_row(
            "→" if snapshot.id == served else "",
            snapshot.id,
            f"{manifest.watermark:%Y-%m-%d %H:%M}",
            f"{manifest.rows['users']:,}",
            f"{manifest.rows['posts']:,}",
            f"{sum(entry.bytes for entry in manifest.files.values()) / 1e6:.1f}",
        )
    out.print(table)
    for name in sorted(refused, reverse=True):  # a line each: a column more would not fit a terminal of 80
        out.print(f"not promoted: {name}", highlight=False)


@app.command
def show(snapshot: str | None = None, /) -> None:
    """The manifest of a snapshot, as JSON.

    Parameters
    ----------
    snapshot
        Its id; the current one by default.
    """
    out.print_json(msgspec.json.encode(_chosen(snapshot).manifest).decode())


@app.command
def verify(snapshot: str | None = None, /) -> None:
    """Compare the files of a snapshot with its manifest, here and in the store; exit code 1 if one does not match.

    Parameters
    ----------
    snapshot
        Its id; the current one by default.
    """
    chosen = _chosen(snapshot)
    snapshots.verify(chosen)
    if (shared := store_of(load_settings())) is not None:
        shared.verify(chosen.id)
    out.print(f"{chosen.id}: every file matches its manifest")


@app.command
def rollback(snapshot: str | None = None, /) -> None:
    """Serve an earlier snapshot again; running APIs notice by themselves.

    Parameters
    ----------
    snapshot
        Its id; the one before the current by default.
    """
    settings = load_settings()
    chosen = snapshots.rollback(settings, snapshot, by="feedrank snapshot rollback")
    _tell_analysts(settings, chosen)
    out.print(f"now serving {chosen.id}")


@app.command
def promote(snapshot: str, /, *, by: str | None = None) -> None:
    """Serve a snapshot that the gate refused, or any other; history.jsonl keeps who decided it.

    Parameters
    ----------
    snapshot
        Its id.
    by
        Who decides; by default the user of this machine.
    """
    settings = load_settings()
    chosen = snapshots.promote(settings, snapshot, by=by or user_name())
    _tell_analysts(settings, chosen)
    out.print(f"now serving {chosen.id}")
    for reason in chosen.manifest.gate.reasons if chosen.manifest.gate else ():
        out.print(f"in spite of: {reason}", markup=False, highlight=False)


def _tell_analysts(settings: Settings, chosen: snapshots.Snapshot) -> None:
    """A lake's published tables are those of what is served."""
    if is_lake(settings):
        with connect(settings) as warehouse:
            publish_tables(warehouse, chosen.id, chosen.folder / STATE_FILE)


def _chosen(name: str | None) -> snapshots.Snapshot:
    settings = load_settings()
    return snapshots.current(settings) if name is None else snapshots.open_snapshot(settings, name)
