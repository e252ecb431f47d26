"""`feedrank snapshot`: what has been published, what is being served, and the way back."""

import sys
from typing import Any

import msgspec
from cyclopts import App
from rich.table import Column, Table

from core.settings import Settings, load_settings
from feedrank.terminal import Author, Json, out, print_json, user_name
from ranking.recommender import STATE_FILE
from warehouse import snapshots
from warehouse.connection import connect, is_lake
from warehouse.lake import publish_tables
from warehouse.shelf import shelf_of, store_of

app = App(name="snapshot")


@app.command(name="list")
def list_all(*, as_json: Json = False) -> None:
    """All snapshots, newest first; the one being served is marked, and those that the gate refused are told."""
    settings = load_settings()
    served = shelf_of(settings).live()
    refused = snapshots.refused_ids(settings)
    listed = snapshots.list_snapshots(settings)
    if not listed:
        snapshots.current(settings)  # says what to do
    if as_json:
        for snapshot in listed:
            print_json(_line(snapshot, live=snapshot.id == served, promoted=snapshot.id not in refused))
        return
    numbers = (Column(name, justify="right") for name in ("users", "posts", "MB"))
    table = Table("", Column("snapshot", no_wrap=True), Column("events up to (UTC)", no_wrap=True), *numbers)
    for snapshot in listed:
        manifest = snapshot.manifest
        table.add_row(
            "→" if snapshot.id == served else "",
            snapshot.id,
            f"{manifest.watermark:%Y-%m-%d %H:%M}",
            f"{manifest.rows['users']:,}",
            f"{manifest.rows['posts']:,}",
            f"{_bytes(snapshot) / 1e6:,.1f}",
        )
    out.print(table)
    for name in sorted(refused, reverse=True):  # a line each: a column more would not fit a terminal of 80
        out.print(f"not promoted: {name}", highlight=False, soft_wrap=True)


@app.command
def show(snapshot: str | None = None, /, *, as_json: Json = False) -> None:
    """The manifest of a snapshot: JSON as a person reads it, or with --json on one line.

    Parameters
    ----------
    snapshot
        Its id; the current one by default.
    """
    manifest = _chosen(snapshot).manifest
    if as_json:
        print_json(manifest)
    elif sys.stdout.isatty():
        out.print_json(msgspec.json.encode(manifest).decode())
    else:  # without the folding of long lines that a terminal gets
        out.print(msgspec.json.format(msgspec.json.encode(manifest)).decode(), markup=False, soft_wrap=True)


@app.command
def verify(snapshot: str | None = None, /, *, as_json: Json = False) -> None:
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
    if as_json:
        print_json({"id": chosen.id, "files": len(chosen.manifest.files), "matches": True})
        return
    out.print(f"{chosen.id}: every file matches its manifest", highlight=False, soft_wrap=True)


@app.command
def rollback(snapshot: str | None = None, /, *, as_json: Json = False) -> None:
    """Serve an earlier snapshot again; running APIs notice by themselves.

    Parameters
    ----------
    snapshot
        Its id; the one before the current by default.
    """
    settings = load_settings()
    chosen = snapshots.rollback(settings, snapshot, by="feedrank snapshot rollback")
    _tell_analysts(settings, chosen)
    _tell(chosen, [], as_json)


@app.command
def promote(snapshot: str, /, *, by: Author = None, as_json: Json = False) -> None:
    """Serve a snapshot that the gate refused, or any other; history.jsonl keeps who decided it.

    Parameters
    ----------
    snapshot
        Its id.
    """
    settings = load_settings()
    chosen = snapshots.promote(settings, snapshot, by=by or user_name())
    _tell_analysts(settings, chosen)
    _tell(chosen, chosen.manifest.gate.reasons if chosen.manifest.gate else [], as_json)


def _tell(chosen: snapshots.Snapshot, in_spite_of: list[str], as_json: bool) -> None:
    if as_json:
        print_json({"serving": chosen.id, "in_spite_of": in_spite_of})
        return
    out.print(f"now serving {chosen.id}", highlight=False, soft_wrap=True)
    for reason in in_spite_of:
        out.print(f"in spite of: {reason}", markup=False, highlight=False, soft_wrap=True)


def _line(snapshot: snapshots.Snapshot, *, live: bool, promoted: bool) -> dict[str, Any]:
    manifest = snapshot.manifest
    return {
        "id": snapshot.id,
        "live": live,
        "promoted": promoted,
        "created_at": manifest.created_at,
        "trained_at": manifest.trained_at,
        "watermark": manifest.watermark,
        "users": manifest.rows["users"],
        "posts": manifest.rows["posts"],
        "bytes": _bytes(snapshot),
    }


def _bytes(snapshot: snapshots.Snapshot) -> int:
    return sum(entry.bytes for entry in snapshot.manifest.files.values())


def _tell_analysts(settings: Settings, chosen: snapshots.Snapshot) -> None:
    """A lake's published tables are those of what is served."""
    if is_lake(settings):
        with connect(settings) as warehouse:
            publish_tables(warehouse, chosen.id, chosen.folder / STATE_FILE)


def _chosen(name: str | None) -> snapshots.Snapshot:
    settings = load_settings()
    return snapshots.current(settings) if name is None else snapshots.open_snapshot(settings, name)
