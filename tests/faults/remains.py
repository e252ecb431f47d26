"""What there is after a run: tables to be compared, and files that nobody needs."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from core.settings import Settings
from flows.leftovers import find_leftovers
from warehouse.connection import connect
from warehouse.snapshot_folder import CURRENT
from warehouse.snapshots import current, history, list_snapshots, sweep_drafts, verify

Rows = list[tuple[Any, ...]]

# who ran and when; everything else must be the same however often a run was killed
OF_A_RUN = ("run_id", "rejected_at")
HOW_RUNS_WENT = ("meta.runs",)


def warehouse_rows(settings: Settings) -> dict[str, Rows]:
    """Every table of the warehouse but the record of its runs, sorted."""
    with connect(settings) as con:
        return {name: rows for name, rows in _tables(con).items() if name not in HOW_RUNS_WENT}


def newest_recommendations(settings: Settings) -> Rows:
    """What the newest snapshot recommends to whom, sorted."""
    newest = list_snapshots(settings)[0]
    with duckdb.connect(str(newest.folder / "features.duckdb"), read_only=True) as con:
        return con.sql("FROM recommendations ORDER BY ALL").fetchall()


def check_standing(settings: Settings) -> None:
    """Whatever was killed, one snapshot is served and it is whole, and so is every other.

    Raises:
        SnapshotError: it is not so.
    """
    verify(current(settings))
    for snapshot in list_snapshots(settings):
        verify(snapshot)


def is_on_record(settings: Settings) -> bool:
    """Whether the history ends with the snapshot that is served."""
    return history(settings)[-1].snapshot == current(settings).id


def orphans(settings: Settings) -> list[Path]:
    """Whatever a killed run has left that a cleanup does not remove."""
    sweep_drafts(settings)
    for path in find_leftovers(settings, timedelta(0)):
        path.unlink()
    known = {CURRENT, "history.jsonl", *(snapshot.id for snapshot in list_snapshots(settings))}
    unknown = [path for path in settings.snapshots_folder.iterdir() if path.name not in known]
    spilled = [path for path in settings.spill_folder.rglob("*") if path.is_file()]
    return unknown + spilled + [path for path in settings.home.glob(".*") if path.is_file()]


def _tables(con: duckdb.DuckDBPyConnection) -> dict[str, Rows]:
    names = con.sql(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY ALL"
    ).fetchall()
    return {name: _rows(con, name) for (name,) in names}


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> Rows:
    return con.sql(f"SELECT COLUMNS(c -> c NOT IN {OF_A_RUN}) FROM {table} ORDER BY ALL").fetchall()
