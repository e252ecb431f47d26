"""A simulated network as a PostgreSQL database, in the shape of either source preset.

Rows travel through `COPY ... FROM STDIN`, events a day at a time while the next day is drawn, and all in one
transaction: the database gets the whole world or nothing of it. The tables are new, or emptied, in that transaction, so
their rows are frozen, which spares the first reader the work of marking them, and where the server's `wal_level` is
`minimal` they do not go through the log either. They are not UNLOGGED: a network outlives a crash of its database.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Literal, TypeVar

import polars as pl
import psycopg2
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    create_engine,
    exists,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

from core.columns import ACTION, EVENT_TIME, LIKED, POST_ID, TEXT, TOPIC, USER_ID
from core.errors import SettingsError, SourceError, SourceMismatch, SourceUnreachable
from core.settings import PRESETS, SourceTable
from simulation.binary_rows import event_rows
from simulation.world import World

T = TypeVar("T")
Preset = Literal["feed_action", "feed_data"]


def write_world(world: World, dsn: str, preset: Preset = "feed_action") -> None:
    """Create the preset's tables where they are missing, and fill them with `world`.

    Args:
        world: the network to write.
        dsn: `postgresql://user:password@host:port/name`.
        preset: `feed_action`, or `feed_data`, whose events also say in `target` which views were liked.

    Raises:
        SettingsError: the preset is unknown, or the DSN is not one.
        SourceUnreachable: the server does not answer or refuses the credentials.
        SourceMismatch: a table of that name exists with other columns.
        SourceError: one of the tables already holds rows; none is touched.
    """
    if preset not in PRESETS:
        raise SettingsError(f"preset = {preset!r} is not known; use one of {list(PRESETS)}")
    try:
        url = make_url(dsn).set(drivername="postgresql+psycopg2")
    except (ArgumentError, ValueError):
        raise SettingsError("dsn is no address; it must look like postgresql://user:password@host:5432/name") from None
    tables = _tables(preset)
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            tables["users"].metadata.create_all(connection)
            _refuse_rows(connection, tables)
            _fill(connection, world, preset, tables)
    except (OperationalError, psycopg2.OperationalError) as error:
        raise SourceUnreachable(
            f"PostgreSQL at {url.host}:{url.port or 5432} cannot be used; check that it runs, and the DSN: "
            f"{_cause(error)}"
        ) from None
    except (ProgrammingError, psycopg2.ProgrammingError) as error:
        raise SourceMismatch(
            f"the tables of preset {preset!r} exist with other columns; drop them, or use another database: "
            f"{_cause(error)}"
        ) from None
    finally:
        engine.dispose()


def _tables(preset: Preset) -> dict[SourceTable, Table]:
    metadata, mapping = MetaData(), PRESETS[preset]
    users, posts, events = mapping["users"].columns, mapping["posts"].columns, mapping["events"].columns
    target = [Column("target", SmallInteger, nullable=False)] if preset == "feed_data" else []
    return {
        "users": Table(
            mapping["users"].table,
            metadata,
            Column(users[USER_ID], Integer, primary_key=True, autoincrement=False),
            Column("gender", SmallInteger),
            Column("age", Integer),
            Column("country", Text),
            Column("city", Text),
            Column("exp_group", SmallInteger),
            Column("os", Text),
            Column("source", Text),
        ),
        "posts": Table(
            mapping["posts"].table,
            metadata,
            Column(posts[POST_ID], Integer, primary_key=True, autoincrement=False),
            Column(posts[TEXT], Text),
            Column(posts[TOPIC], Text),
        ),
        "events": Table(
            mapping["events"].table,
            metadata,
            Column(events[USER_ID], Integer, nullable=False),
            Column(events[POST_ID], Integer, nullable=False),
            Column(events[ACTION], Text, nullable=False),
            Column(events[EVENT_TIME], DateTime, nullable=False),
            *target,
        ),
    }


def _refuse_rows(connection: Connection, tables: dict[SourceTable, Table]) -> None:
    for table in tables.values():
        if connection.scalar(select(exists().select_from(table))):
            raise SourceError(
                f"table {table.name!r} already holds rows; a simulated network is only written to empty tables: "
                "use another database, or empty the table"
            )


def _fill(connection: Connection, world: World, preset: Preset, tables: dict[SourceTable, Table]) -> None:
    mapping = PRESETS[preset]
    connection.execute(text(f"TRUNCATE {', '.join(_quoted(connection, table.name) for table in tables.values())}"))
    _copy(connection, tables["users"], _csv(tables["users"], world.users.rename(mapping["users"].columns)), "csv")
    _copy(connection, tables["posts"], _csv(tables["posts"], world.posts.rename(mapping["posts"].columns)), "csv")
    columns = {theirs: ours for ours, theirs in mapping["events"].columns.items()} | {"target": LIKED}
    names = [columns[name] for name in tables["events"].columns.keys()]  # noqa: SIM118  not those of a dict
    for rows in _ahead(event_rows(events.select(names)) for events in world.daily_events()):
        _copy(connection, tables["events"], rows, "binary")
    connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))  # to sort times of tens of millions of events
    time = tables["events"].c[mapping["events"].columns[EVENT_TIME]]
    # after the rows: building an index once is cheaper than keeping it up to date
    Index(f"{tables['events'].name}_{time.name}", time).create(connection, checkfirst=True)
    for table in tables.values():
        # readers that split a table into ranges of pages, as DuckDB's scanner does, learn its size from the statistics
        connection.execute(text(f"ANALYZE {_quoted(connection, table.name)}"))


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, the next one being made while one is used."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = worker.submit(next, items, None)
            yield item


def _csv(table: Table, frame: pl.DataFrame) -> BytesIO:
    rows = BytesIO()
    frame.select(table.columns.keys()).write_csv(rows, include_header=False, quote_style="non_numeric")
    rows.seek(0)
    return rows


def _copy(connection: Connection, table: Table, rows: BytesIO, form: Literal["csv", "binary"]) -> None:
    columns = ", ".join(_quoted(connection, name) for name in table.columns.keys())  # noqa: SIM118
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor:
        query = f"COPY {_quoted(connection, table.name)} ({columns}) FROM STDIN (FORMAT {form}, FREEZE)"
        cursor.copy_expert(query, rows, size=1 << 20)


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)


def _cause(error: Exception) -> str:
    """What PostgreSQL said. COPY goes past SQLAlchemy, whose errors carry the driver's as `orig`."""
    return str(getattr(error, "orig", error)).strip()
