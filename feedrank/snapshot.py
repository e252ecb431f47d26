"""`feedrank snapshot`: what has been published, what is being served, and the way back."""

import msgspec
from cyclopts import App
from rich.table import Column, Table

from core.settings import load_settings
from feedrank.terminal import out
from warehouse import snapshots

app = App(name="snapshot")
COMMAND = "feedrank snapshot rollback"


@app.command(name="list")
def list_all() -> None:
    """All snapshots, newest first; the one being served is marked."""
    settings = load_settings()
    served = snapshots.current(settings).id
    table = Table(
        "", Column("snapshot", no_wrap=True), Column("events up to (UTC)", no_wrap=True), "users", "posts", "MB"
    )
    for snapshot in snapshots.list_snapshots(settings):
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
    """Compare the files of a snapshot with its manifest; exit code 1 if one does not match.

    Parameters
    ----------
    snapshot
        Its id; the current one by default.
    """
    chosen = _chosen(snapshot)
    snapshots.verify(chosen)
    out.print(f"{chosen.id}: every file matches its manifest")


@app.command
def rollback(snapshot: str | None = None, /) -> None:
    """Serve an earlier snapshot again; running APIs notice by themselves.

    Parameters
    ----------
    snapshot
        Its id; the one before the current by default.
    """
    out.print(f"now serving {snapshots.rollback(load_settings(), snapshot, by=COMMAND).id}")


def _chosen(name: str | None) -> snapshots.Snapshot:
    settings = load_settings()
    return snapshots.current(settings) if name is None else snapshots.open_snapshot(settings, name)
