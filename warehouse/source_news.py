"""What is new in the source, read in small pieces by whoever follows it: events by time, users and posts by id."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from core.columns import ACTION, EVENT_TIME, LIKE, POST_ID, TEXT, TOPIC, USER_ID, VIEW
from warehouse.connection import identifier, literal
from warehouse.source import SourceCatalog, Table

NewEvent = tuple[int, datetime, int, bool]  # user, time in UTC without a zone, post, whether it is a like


def source_clock(connection: Connection) -> datetime:
    """The source's time in UTC."""
    clock: datetime = connection.execute(text("SELECT now() AT TIME ZONE 'UTC'")).scalar_one()
    return clock


def events_between(
    connection: Connection, events: Table, since: datetime, until: datetime, likes_until: datetime, limit: int
) -> list[NewEvent]:
    """Views and likes with since < time <= until, of those up to `likes_until` the likes only, by time.

    At most `limit`, and those of the same moment as the last of them.
    """
    user, moment, post, action = (events.columns[ours].postgres for ours in (USER_ID, EVENT_TIME, POST_ID, ACTION))
    raw = identifier(events.columns[EVENT_TIME].name)  # as it is, so that an index on it serves
    query = text(f"""
        SELECT {_plain(user)}, {_plain(moment)}, {_plain(post)}, {_plain(action)} = {literal(LIKE)}
        FROM {_plain(events.qualified)}
        WHERE {_plain(raw)} > :since AND {_plain(raw)} <= :until
            AND ({_plain(action)} = {literal(LIKE)}
                OR ({_plain(action)} = {literal(VIEW)} AND {_plain(raw)} > :likes_until))
            AND {_plain(user)} IS NOT NULL AND {_plain(post)} IS NOT NULL
        ORDER BY {_plain(raw)}
        FETCH FIRST :limit ROWS WITH TIES
    """)
    moments = {"since": since, "until": until, "likes_until": likes_until}
    if events.columns[EVENT_TIME].kind == "instant":  # without a zone, the session's would be taken
        moments = {name: value.replace(tzinfo=UTC) for name, value in moments.items()}
    found: list[NewEvent] = []
    # some at a time: the driver holds the interpreter while it makes objects of rows
    for rows in connection.execute(query, {**moments, "limit": limit}).partitions(1_000):
        found.extend(map(tuple, rows))
    return found


def users_of(connection: Connection, source: SourceCatalog, ids: Collection[int]) -> list[dict[str, Any]]:
    """Rows of users by id: the id under our name first, then every further column."""
    return _users(connection, source, "= ANY(:ids)", {"ids": list(ids), "limit": len(ids)})


def users_above(connection: Connection, source: SourceCatalog, largest: int, limit: int) -> list[dict[str, Any]]:
    """Rows of users with ids above `largest`, in order."""
    return _users(connection, source, "> :largest", {"largest": largest, "limit": limit})


def posts_of(connection: Connection, posts: Table, ids: Collection[int]) -> list[tuple[int, str, str | None]]:
    """Id, text and topic of posts by id."""
    return _posts(connection, posts, "= ANY(:ids)", {"ids": list(ids), "limit": len(ids)})


def posts_above(connection: Connection, posts: Table, largest: int, limit: int) -> list[tuple[int, str, str | None]]:
    """The same of posts with ids above `largest`, in order."""
    return _posts(connection, posts, "> :largest", {"largest": largest, "limit": limit})


def post_count(connection: Connection, posts: Table) -> int:
    """How many rows the table of posts has."""
    return int(connection.execute(text(f"SELECT count(*) FROM {_plain(posts.qualified)}")).scalar_one())


def post_ids(connection: Connection, posts: Table) -> set[int]:
    """All ids of the table of posts."""
    key = _plain(identifier(posts.columns[POST_ID].name))
    query = text(f"SELECT {key} FROM {_plain(posts.qualified)} WHERE {key} IS NOT NULL")
    return set(connection.execute(query).scalars())


def _users(
    connection: Connection, source: SourceCatalog, condition: str, values: dict[str, Any]
) -> list[dict[str, Any]]:
    users = source.users
    columns = {USER_ID: users.columns[USER_ID].postgres, **{one.name: one.postgres for one in source.profile}}
    return [
        dict(zip(columns, row, strict=True)) for row in _rows(connection, users, USER_ID, columns, condition, values)
    ]


def _posts(
    connection: Connection, posts: Table, condition: str, values: dict[str, Any]
) -> list[tuple[int, str, str | None]]:
    names = {POST_ID: posts.columns[POST_ID].postgres, TEXT: f"coalesce({posts.columns[TEXT].postgres}, '')"}
    names[TOPIC] = posts.columns[TOPIC].postgres
    return [(row[0], row[1], row[2]) for row in _rows(connection, posts, POST_ID, names, condition, values)]


def _rows(
    connection: Connection, table: Table, key: str, columns: dict[str, str], condition: str, values: dict[str, Any]
) -> list[Any]:
    ours = _plain(identifier(table.columns[key].name))
    query = text(
        f"SELECT {_plain(', '.join(columns.values()))} FROM {_plain(table.qualified)} "
        f"WHERE {ours} {condition} ORDER BY {ours} LIMIT :limit"
    )
    return list(connection.execute(query, values))


def _plain(sql: str) -> str:
    """SQL as it is, within a `text()`: a colon in a name, or of a cast, is no value to bind."""
    return sql.replace(":", "\\:")
