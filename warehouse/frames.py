"""Frames as tables of a snapshot's `features.duckdb`."""

from collections.abc import Mapping

import duckdb
import polars as pl


def write_frame(snapshot: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    """Create one table."""
    snapshot.register("frame", frame)
    snapshot.execute(f"CREATE TABLE {name} AS FROM frame")
    snapshot.unregister("frame")


def write_frames(snapshot: duckdb.DuckDBPyConnection, frames: Mapping[str, pl.DataFrame]) -> None:
    """Create a table of each name."""
    for name, frame in frames.items():
        write_frame(snapshot, name, frame)


def read_frames(snapshot: duckdb.DuckDBPyConnection, names: set[str]) -> dict[str, pl.DataFrame]:
    """Read those tables of `names` that are there: a snapshot of an earlier version has fewer."""
    there = {name for (name,) in snapshot.sql("SHOW TABLES").fetchall()}
    return {name: snapshot.table(name).pl() for name in sorted(names & there)}
