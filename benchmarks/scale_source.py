"""The course's network in PostgreSQL at a size, made once: its 90 days, and the million events that come after them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2

from benchmarks.postgres import kept_postgres
from simulation.course import course, scaled
from simulation.postgres import write_world
from simulation.world import simulate

ENDS_AT = datetime(2021, 12, 31, tzinfo=UTC)
NEW_EVENTS = 1_000_000  # at full size
SERVER = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "wal_level": "minimal",  # a new table's rows go past the log
    "max_wal_senders": "0",
}
HELD_BACK = "coming"  # what comes after the 90 days waits in a table of its own


@contextmanager
def course_network(folder: Path, scale: float) -> Iterator[str]:
    """The DSN of a database with the network of that size, the new events held back; made if it is not in `folder`."""
    with kept_postgres(folder / f"{scale:g}", SERVER) as dsn:
        if not _query(dsn, f"SELECT to_regclass('{HELD_BACK}')::text")[0][0]:
            _make(dsn, scale)
        # an earlier run may have let them in
        _execute(dsn, f"DELETE FROM feed_action WHERE time >= (SELECT min(time) FROM {HELD_BACK})")
        _execute(dsn, "VACUUM ANALYZE feed_action")
        yield dsn


def let_in(dsn: str) -> int:
    """Write the new events into the table of events; how many there are."""
    _execute(dsn, f"INSERT INTO feed_action SELECT * FROM {HELD_BACK} ORDER BY time")
    return int(_query(dsn, f"SELECT count(*) FROM {HELD_BACK}")[0][0])


def _make(dsn: str, scale: float) -> None:
    whole = course()
    days = whole.days + 1
    new = round(NEW_EVENTS * scale)
    world = replace(scaled(whole, scale), days=days, ends_at=ENDS_AT)
    world = replace(world, events=world.events + new)
    _execute(dsn, 'DROP TABLE IF EXISTS feed_action, post, "user"')
    write_world(simulate(world), dsn)
    _execute(
        dsn,
        f"""
        CREATE TABLE {HELD_BACK} AS SELECT * FROM feed_action
        WHERE time >= (SELECT time FROM feed_action ORDER BY time DESC OFFSET {new - 1} LIMIT 1)
        """,
    )


def _execute(dsn: str, statement: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True  # or nothing could be vacuumed
        with connection.cursor() as cursor:
            cursor.execute(statement)


def _query(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
