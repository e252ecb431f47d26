"""Whether the warehouse has the source's events, day by day: how many there are, and a checksum of what they say.

The checksum is computed inside PostgreSQL, so no row travels for it, by whole numbers that come to the same there and
in DuckDB. It is a sum, so the order of rows does not matter; squares keep it from missing values that have changed
places between rows. An event that has been rejected, for a reason that still holds, counts as one that we have.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import duckdb

from core.columns import ACTION, ACTIONS, EVENT_TIME, POST_ID, USER_ID
from warehouse.connection import literal, read_sql
from warehouse.source import Table, in_postgres
from warehouse.windows import Window, selected

# rests fit into an int4, which PostgreSQL adds up the fastest, and products of two into an int8
PRIME: Final = (1 << 31) - 1
FACTOR: Final = 48_271  # a primitive root of it


@dataclass(frozen=True)
class Gap:
    """A day whose events are not the source's. With equal numbers, some are others than the source has."""

    day: date  # on which the events happened, UTC
    source: int  # how many it has
    held: int  # how many we have accepted or rejected

    @property
    def missing(self) -> int:
        return max(self.source - self.held, 0)

    @property
    def surplus(self) -> int:
        return max(self.held - self.source, 0)


def find_gaps(connection: duckdb.DuckDBPyConnection, events: Table, window: Window, latest: datetime) -> list[Gap]:
    """Days within `window` on which source and warehouse differ; what lies after `latest` may not be accepted yet.

    Not compared are rows without an id or a time, and of other actions: they can never become events as they are.
    """
    moment = events.columns[EVENT_TIME].postgres
    source = in_postgres(
        _by_day(
            f"SELECT {selected(events)} FROM {events.qualified} WHERE {window.in_source(events)} "
            f"AND isfinite({moment}) AND {moment} <= timestamp '{latest.isoformat()}'",
            f"date_part('epoch', {EVENT_TIME})",
        )
    )
    held = _by_day(read_sql("warehouse", "held_events").format(within=window.in_warehouse()), f"epoch({EVENT_TIME})")
    query = read_sql("warehouse", "gaps").format(source=source, held=held)
    return [Gap(*row) for row in connection.execute(query, {"latest": latest}).fetchall()]


def _by_day(rows: str, seconds: str) -> str:
    """Number and checksum by day of events, for PostgreSQL and DuckDB: both round a double in the same way.

    A row without an id or with another action comes to NULL, and is neither counted nor added.
    """
    who = f"({USER_ID}::bigint % {PRIME} * {FACTOR} + {POST_ID}::bigint % {PRIME}) % {PRIME}"
    numbers = " ".join(f"WHEN {literal(action)} THEN {number}" for number, action in enumerate(ACTIONS))
    what = f"(({seconds} * 1000000)::bigint % {PRIME} + CASE {ACTION} {numbers} END * {FACTOR})"
    return (
        f"SELECT day, count(mixed) AS events, sum((mixed * mixed % {PRIME})::int)::bigint AS checksum FROM ("
        f"SELECT day, (who * who + what) % {PRIME} AS mixed FROM ("
        f"SELECT {EVENT_TIME}::date AS day, {who} AS who, {what} AS what FROM ({rows}) AS rows_of_days"
        ") AS parts) AS mixtures GROUP BY day"
    )


def remember_gaps(connection: duckdb.DuckDBPyConnection, gaps: list[Gap], window: Window) -> list[Gap]:
    """Keep what was found within `window` in `meta.gaps`, and return all that are known, older ones included."""
    connection.execute(f"DELETE FROM meta.gaps WHERE {window.in_warehouse('day')}")
    if gaps:
        connection.executemany("INSERT INTO meta.gaps VALUES (?, ?, ?)", [[g.day, g.source, g.held] for g in gaps])
    return [Gap(*row) for row in connection.execute("FROM meta.gaps ORDER BY day").fetchall()]
