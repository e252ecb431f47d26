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
from warehouse import changes, quality
from warehouse.connection import count, identifier, literal, read_sql
from warehouse.quality import Verdict
from warehouse.runs import set_watermark, watermark
from warehouse.source import Table, in_postgres
from warehouse.windows import EVERYTHING, Window, selected

WATERMARK = "events"
BATCH_ROWS = 250_000  # rows of one arrow batch


@dataclass(frozen=True)
class EventsCopy:
    """What a copy of the events did; times in UTC without a zone."""

    verdict: Verdict
    accepted: int  # rows written to raw.events
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
    held = count(connection, "raw.events")
    before = watermark(connection, WATERMARK) if held else None
    since = None if before is None or full else before - settings.warehouse.overlap
    if since is None:
        verdict = _copy_all(connection, settings, events, run_id, clock, before)
    else:
        verdict, _ = copy_window(connection, settings, events, run_id, clock, before, Window.since(since))
    return EventsCopy(
        verdict=verdict,
        accepted=count(connection, "raw.events") - (held if since else 0),
        since=since,
        before=before,
        after=set_newest(connection, events),
    )


def copy_window(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    events: Table,
    run_id: str,
    clock: datetime,
    before: datetime | None,
    window: Window,
    *,
    exact: bool = False,
) -> tuple[Verdict, int]:
    """Add what is new within `window`; with `exact`, also remove what the source has no more: how many rows that was.

    An event that was accepted once is not judged again, and keeps the moment at which it became known. What is not
    after the watermark `before` becomes known with this copy.
    """
    _read_window(connection, events, window)
    read = count(connection, "batch")
    _set_unknown_actions_aside(connection, events, "batch", window)
    _set_duplicates_aside(connection, "batch")
    gone = _remove_gone(connection, window) if exact else 0
    within = window.in_warehouse()
    connection.execute(read_sql("warehouse", "drop_known_events").format(within=within))
    _set_doubtful_aside(connection, settings, "batch", clock)
    verdict = quality.judge(connection, settings, run_id, "events", read, again=True)
    connection.execute(
        "UPDATE batch SET late_at = $clock WHERE event_time <= $before", {"clock": clock, "before": before}
    )
    connection.execute("INSERT INTO raw.events FROM batch ORDER BY event_time")
    changes.mark_events(connection, "batch")
    return verdict, gone


def set_newest(connection: duckdb.DuckDBPyConnection, events: Table) -> datetime:
    """Move the watermark to the newest event and return it."""
    newest: datetime | None = connection.execute(f"SELECT max({EVENT_TIME}) FROM raw.events").fetchall()[0][0]
    if newest is None:
        raise _empty(events)
    set_watermark(connection, WATERMARK, newest)
    return newest


def _copy_all(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    events: Table,
    run_id: str,
    clock: datetime,
    before: datetime | None,
) -> Verdict:
    batch = "raw.events" if before is None else "batch"
    _read_all(connection, events, batch)
    read = count(connection, batch)
    if read == 0:
        raise _empty(events)
    _set_unknown_actions_aside(connection, events, batch, EVERYTHING)
    _set_duplicates_aside(connection, batch)
    _set_doubtful_aside(connection, settings, batch, clock)
    verdict = quality.judge(connection, settings, run_id, "events", read, again=False)
    if before is not None:
        connection.execute(read_sql("warehouse", "replace_events"), {"before": before, "clock": clock})
    quality.forget_events(connection, EVERYTHING)
    changes.mark_everything(connection)
    return verdict


def _remove_gone(connection: duckdb.DuckDBPyConnection, window: Window) -> int:
    """Delete from `raw.events` what `batch` does not have within `window`, and mark its days."""
    within = window.in_warehouse()
    connection.execute(read_sql("warehouse", "gone_events").format(within=within))
    changes.mark_events(connection, "gone")
    [(removed,)] = connection.execute(read_sql("warehouse", "remove_gone").format(within=within)).fetchall()
    return int(removed)


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


def _read_window(connection: duckdb.DuckDBPyConnection, events: Table, window: Window) -> None:
    """Fill the temporary table `batch` with the source's rows of `window` and those without a time."""
    # one query inside PostgreSQL, which may use an index there
    query = in_postgres(f"SELECT {selected(events)} FROM {events.qualified} WHERE {_readable(events, window)}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE batch AS SELECT {USER_ID}, {POST_ID}, "
        f"TRY_CAST({ACTION} AS {_ACTION_TYPE}) AS {ACTION}, {EVENT_TIME}, NULL::TIMESTAMP AS late_at FROM {query}"
    )


_ACTION_TYPE = f"ENUM ({', '.join(map(literal, ACTIONS))})"


def _readable(events: Table, window: Window) -> str:
    """The condition, for PostgreSQL, of the rows that a copy reads."""
    return f"({window.in_source(events)} OR {identifier(events.columns[EVENT_TIME].name)} IS NULL)"


def _set_unknown_actions_aside(
    connection: duckdb.DuckDBPyConnection, events: Table, batch: str, window: Window
) -> None:
    """Their text is lost in `batch`, where an action is an enum: read those few rows again, from the same snapshot."""
    if count(connection, f"{batch} WHERE {ACTION} IS NULL") == 0:
        return
    action = events.columns[ACTION].postgres
    query = in_postgres(
        f"SELECT {selected(events)} FROM {events.qualified} WHERE {_readable(events, window)} "
        f"AND ({action} IS NULL OR {action} NOT IN ({', '.join(map(literal, ACTIONS))}))"
    )
    connection.execute(read_sql("warehouse", "unknown_actions").format(query=query))
    quality.set_aside(connection, "events", batch)
    connection.execute(f"DELETE FROM {batch} WHERE {ACTION} IS NULL")


def _set_duplicates_aside(connection: duckdb.DuckDBPyConnection, batch: str) -> None:
    """All but one of the rows of `batch` that are the same."""
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
    hashes = np.empty(count(connection, batch), np.uint64)
    filled = 0
    query = f"SELECT hash({USER_ID}, {POST_ID}, {ACTION}, {EVENT_TIME}) FROM {batch}"
    for part in connection.execute(query).to_arrow_reader(BATCH_ROWS):
        hashes[filled : filled + len(part)] = part.column(0).to_numpy()
        filled += len(part)
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _set_doubtful_aside(connection: duckdb.DuckDBPyConnection, settings: Settings, batch: str, clock: datetime) -> None:
    latest = clock + settings.warehouse.future_tolerance
    connection.execute(read_sql("warehouse", "doubtful_events").format(batch=batch), {"latest": latest})
    quality.set_aside(connection, "events", batch)


@contextmanager
def _any_order(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let DuckDB write rows in the order in which they come, without holding any back."""
    connection.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        connection.execute("RESET preserve_insertion_order")


def _empty(events: Table) -> SourceEmpty:
    return SourceEmpty(
        f"table {events.name!r} of the source, mapped to events, has no usable row; "
        "fill it, or point source.events.table to another"
    )
