"""What copies have changed, kept for each of those who compute something from it until they have done it again.

A mark is written in the transaction that changes the rows, and settled in the one that computes anew: a run that is
killed between the two forgets nothing, and nobody has to guess from a watermark what may be different.
"""

from typing import Final

import duckdb

from warehouse.connection import read_sql

FEATURES: Final = "features"  # its days are those on which events became known
EXPERIMENTS: Final = "experiments"  # its days are those on which events happened
SNAPSHOT: Final = "snapshot"
KNOWN_DAY: Final = "CAST(coalesce(late_at, event_time) AS DATE)"
EVENT_DAY: Final = "CAST(event_time AS DATE)"
DAYS: Final = {FEATURES: KNOWN_DAY, EXPERIMENTS: EVENT_DAY, SNAPSHOT: EVENT_DAY}


def mark_events(con: duckdb.DuckDBPyConnection, relation: str) -> None:
    """Mark the days of the events in `relation`, which have been added to `raw.events` or are about to leave it."""
    for reader, day in DAYS.items():
        con.execute(
            f"INSERT INTO meta.changed_days SELECT DISTINCT $reader, {day} FROM {relation} "
            f"WHERE {day} NOT IN (SELECT day FROM meta.changed_days WHERE reader = $reader AND day IS NOT NULL)",
            {"reader": reader},
        )


def mark_everything(con: duckdb.DuckDBPyConnection) -> None:
    """Mark all days: the events were copied as a whole."""
    for reader in DAYS:
        settle(con, reader)
        con.execute("INSERT INTO meta.changed_days VALUES (?, NULL)", [reader])


def mark_posts(con: duckdb.DuckDBPyConnection) -> None:
    """Mark the posts by which `incoming` differs from `raw.posts`: new, gone, or of another topic."""
    for reader in (FEATURES, EXPERIMENTS):
        con.execute(read_sql("warehouse", "mark_posts"), {"reader": reader})


def is_marked(con: duckdb.DuckDBPyConnection, reader: str) -> bool:
    """Whether any event has come or gone since `reader` last settled."""
    return con.execute("FROM meta.changed_days WHERE reader = ? LIMIT 1", [reader]).fetchone() is not None


def everything_is_marked(con: duckdb.DuckDBPyConnection, reader: str) -> bool:
    """Whether all days have changed for `reader`."""
    query = "FROM meta.changed_days WHERE reader = ? AND day IS NULL LIMIT 1"
    return con.execute(query, [reader]).fetchone() is not None


def settle(con: duckdb.DuckDBPyConnection, reader: str) -> None:
    """Forget the marks of `reader`, who has done all that they ask for in this very transaction."""
    con.execute("DELETE FROM meta.changed_days WHERE reader = ?", [reader])
    con.execute("DELETE FROM meta.changed_posts WHERE reader = ?", [reader])
