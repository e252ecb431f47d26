"""Single events in the source's own table, written and read through the mapping that `inspect_source` has checked."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, column, literal_column, select, table
from sqlalchemy.sql.elements import Label

from core.columns import ACTION, EVENT_TIME, POST_ID, USER_ID
from warehouse.source import Table

COLUMNS = (USER_ID, POST_ID, ACTION, EVENT_TIME)


class Event(NamedTuple):
    """A view or a like, its time in UTC without a zone."""

    user_id: int
    post_id: int
    action: str
    event_time: datetime


def event_columns(events: Table) -> str:
    """What to select from the event table, inside PostgreSQL, so that `Event(*row)` is what a row says."""
    return ", ".join(f"{events.columns[name].postgres} AS {name}" for name in COLUMNS)


def write_events(connection: Connection, events: Table, new: Sequence[Event]) -> list[Event]:
    """Insert events, in their order; return them as the table holds them, its own rounding of times included.

    The further columns of the table get their defaults.

    Raises:
        sqlalchemy.exc.DataError, IntegrityError: the table does not take one of them.
    """
    names = [events.columns[ours].name for ours in COLUMNS]
    target = table(events.name, *map(column, names), schema=events.schema)
    written: list[Label[Any]] = [literal_column(events.columns[ours].postgres).label(ours) for ours in COLUMNS]
    if events.columns[EVENT_TIME].kind == "instant":  # without a zone, the session's would be taken
        new = [event._replace(event_time=event.event_time.replace(tzinfo=UTC)) for event in new]
    rows = [dict(zip(names, event, strict=True)) for event in new]
    return [Event(*row) for row in connection.execute(target.insert().values(rows).returning(*written))]


def unknown_ids(connection: Connection, holder: Table, key: str, ids: Iterable[int]) -> set[int]:
    """Those of `ids` that the table of users, or of posts, does not have under `key`."""
    wanted = set(ids)
    theirs = column(holder.columns[key].name, BigInteger)
    query = select(theirs).select_from(table(holder.name, theirs, schema=holder.schema)).where(theirs.in_(wanted))
    return wanted - set(connection.scalars(query))
