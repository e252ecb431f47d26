"""Events: read in bulk the first time, by a watermark after that, and judged with set-based SQL only."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.columns import ACTION, ACTIONS, EVENT_TIME, POST_ID, USER_ID
from core.errors import SourceEmpty
from core.settings import Settings
from warehouse import quality
from warehouse.connection import identifier, literal, read_sql
from warehouse.quality import Verdict
from warehouse.runs import set_watermark, watermark
from warehouse.source import Table, in_postgres

WATERMARK = "events"
BATCH_ROWS = 250_000  # rows of one arrow batch


@dataclass(frozen=True)
class EventsCopy:
    """What a copy of the events did; times in UTC without a zone."""

    verdict: Verdict
    accepted: int  # rows written to raw.events
    late: int
    since: datetime | None  # the copy read from there on; None: everything
    before: datetime | None
    after: datetime


def copy_events(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    events: Table,
    run_id: str,
    clock: datetime,
    *,
    full: bool,
) -> EventsCopy:
    """Bring `raw.events` up to the source; `clock` is the source's time in UTC, `full` reads everything again.

    Three ways in, one set of rules: the first copy goes straight into `raw.events`, so that its rows are written
    once; a full copy over earlier rows goes through a temporary table, to keep when late events became known; any
    other reads what is newer than the watermark less the overlap.
    """
    held = _count(connection, "raw.events")
    before = watermark(connection, WATERMARK) if held else None
    since = None if before is None or full else before - settings.warehouse.overlap
    batch = "batch" if held else "raw.events"
    if since is None:
        _read_all(connection, events, batch)
    else:
        _read_since(connection, events, since)
    read = _count(connection, batch)
    if since is None and read == 0:
        raise _empty(events)

    _set_unknown_actions_aside(connection, events, batch, since)
    _set_duplicates_aside(connection, batch)
    if since is not None:
        connection.execute(read_sql("warehouse", "drop_known_events"), {"since": since})
    connection.execute(
        read_sql("warehouse", "doubtful_events").format(batch=batch),
        {"latest": clock + settings.warehouse.future_tolerance},
    )
    quality.set_aside(connection, "events", batch)
    verdict = quality.judge(connection, settings, run_id, "events", read, again=since is not None)

    if since is not None:
        connection.execute(read_sql("warehouse", "append_events"), {"before": before, "clock": clock})
    elif held:
        connection.execute(read_sql("warehouse", "replace_events"), {"before": before, "clock": clock})
    after = connection.execute(f"SELECT max({EVENT_TIME}) FROM raw.events").fetchall()[0][0]
    if after is None:
        raise _empty(events)
    set_watermark(connection, WATERMARK, after)
    late = connection.execute("SELECT count(*) FROM raw.events WHERE late_at = ?", [clock]).fetchall()[0][0]
    return EventsCopy(
        verdict=verdict,
        accepted=_count(connection, "raw.events") - (held if since else 0),
        late=late,
        since=since,
        before=before,
        after=after,
    )


def _read_all(connection: duckdb.DuckDBPyConnection, events: Table, batch: str) -> None:
    if batch == "batch":
        connection.execute("CREATE OR REPLACE TEMP TABLE batch AS FROM raw.events LIMIT 0")
    # scanned by DuckDB and not by one query inside PostgreSQL: several connections read at once
    action = f"{identifier(events.columns[ACTION].name)}::VARCHAR"
    if events.columns[ACTION].type == "bpchar":
        action = f"rtrim({action})"  # padded to its length
    moment = identifier(events.columns[EVENT_TIME].name)
    if events.columns[EVENT_TIME].kind == "instant":
        moment = f"({moment} AT TIME ZONE 'UTC')"
    with _any_order(connection):
        connection.execute(
            f"INSERT INTO {batch} SELECT {identifier(events.columns[USER_ID].name)}::BIGINT, "
            f"{identifier(events.columns[POST_ID].name)}::BIGINT, TRY_CAST({action} AS {_ACTION_TYPE}), "
            f"{moment}::TIMESTAMP, NULL FROM source.{events.qualified}"
        )


def _read_since(connection: duckdb.DuckDBPyConnection, events: Table, since: datetime) -> None:
    # one query inside PostgreSQL, which may use an index there
    columns = ", ".join(f"{events.columns[name].postgres} AS {name}" for name in (USER_ID, POST_ID, ACTION, EVENT_TIME))
    query = in_postgres(f"SELECT {columns} FROM {events.qualified} WHERE {_window(events, since)}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE batch AS SELECT {USER_ID}, {POST_ID}, "
        f"TRY_CAST({ACTION} AS {_ACTION_TYPE}) AS {ACTION}, {EVENT_TIME}, NULL::TIMESTAMP AS late_at FROM {query}"
    )


_ACTION_TYPE = f"ENUM ({', '.join(map(literal, ACTIONS))})"


def _window(events: Table, since: datetime | None) -> str:
    """The condition, for PostgreSQL, of the rows that a copy reads."""
    if since is None:
        return "true"
    moment = identifier(events.columns[EVENT_TIME].name)
    return f"({moment} >= {_bound(events, since)} OR {moment} IS NULL)"


def _bound(events: Table, moment: datetime) -> str:
    # of the column's own type, so that an index on it serves
    if events.columns[EVENT_TIME].kind == "instant":
        return f"timestamptz '{moment.isoformat()}+00'"
    return f"timestamp '{moment.isoformat()}'"


def _set_unknown_actions_aside(
    connection: duckdb.DuckDBPyConnection, events: Table, batch: str, since: datetime | None
) -> None:
    """Their text is lost in `batch`, where an action is an enum: read those few rows again, from the same snapshot."""
    if _count(connection, f"{batch} WHERE {ACTION} IS NULL") == 0:
        return
    action = events.columns[ACTION].postgres
    columns = ", ".join(f"{events.columns[name].postgres} AS {name}" for name in (USER_ID, POST_ID, ACTION, EVENT_TIME))
    query = in_postgres(
        f"SELECT {columns} FROM {events.qualified} WHERE {_window(events, since)} "
        f"AND ({action} IS NULL OR {action} NOT IN ({', '.join(map(literal, ACTIONS))}))"
    )
    connection.execute(read_sql("warehouse", "unknown_actions").format(query=query))
    quality.set_aside(connection, "events", batch)
    connection.execute(f"DELETE FROM {batch} WHERE {ACTION} IS NULL")


def _set_duplicates_aside(connection: duckdb.DuckDBPyConnection, batch: str) -> None:
    repeated = _repeated_hashes(connection, batch)
    if len(repeated) == 0:
        return
    connection.register("repeated", pa.table({"hash": repeated}))
    connection.execute(read_sql("warehouse", "duplicate_events").format(batch=batch))
    connection.unregister("repeated")
    quality.set_aside(connection, "events", batch)


def _repeated_hashes(connection: duckdb.DuckDBPyConnection, batch: str) -> NDArray[np.uint64]:
    """The 64-bit hashes that more than one row of `batch` has.

    Sorting one array of hashes takes a tenth of the time of a GROUP BY over as many different rows; different rows
    of one hash are told apart afterwards, so the answer is exact.
    """
    hashes = np.empty(_count(connection, batch), np.uint64)
    filled = 0
    query = f"SELECT hash({USER_ID}, {POST_ID}, {ACTION}, {EVENT_TIME}) FROM {batch}"
    for part in connection.execute(query).to_arrow_reader(BATCH_ROWS):
        hashes[filled : filled + len(part)] = part.column(0).to_numpy()
        filled += len(part)
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def missed_events(connection: duckdb.DuckDBPyConnection, events: Table, since: datetime) -> int:
    """How many more rows older than `since` the source has than we have accepted or rejected."""
    moment = identifier(events.columns[EVENT_TIME].name)
    older = in_postgres(f"SELECT count(*) AS older FROM {events.qualified} WHERE {moment} < {_bound(events, since)}")
    query = read_sql("warehouse", "missed_events").format(older=older)
    return int(connection.execute(query, {"since": since}).fetchall()[0][0])


@contextmanager
def _any_order(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let DuckDB write rows in the order in which they come, without holding any back."""
    connection.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        connection.execute("RESET preserve_insertion_order")


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])


def _empty(events: Table) -> SourceEmpty:
    return SourceEmpty(
        f"table {events.name!r} of the source, mapped to events, has no usable row; "
        "fill it, or point source.events.table to another"
    )
