"""The network's PostgreSQL: does it answer, are its tables as mapped, can its events be followed, are they fresh?"""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from core.columns import EVENT_TIME
from core.errors import FeedrankError
from core.settings import Settings
from feedrank.checks.finding import Finding, spoken
from warehouse.connection import identifier
from warehouse.source import CONNECT_TIMEOUT, SourceCatalog, inspect_source

STATEMENT_LIMIT = 5_000  # milliseconds

# what kind of relation it is, and whether a valid index over all of its rows begins with the column
EVENT_INDEX = """
    SELECT c.relkind::text, EXISTS (
        SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND a.attname = :column
    )
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relname = :table
"""


def check_source(settings: Settings) -> Iterable[Finding]:
    """Its tables and columns, and what only makes sense once these are there."""
    try:
        catalog = inspect_source(settings)
    except FeedrankError as error:
        seen, _, remedy = str(error).partition("; ")
        yield Finding("wrong", "source", seen, remedy or "correct [source] of feedrank.toml, or FEEDRANK_SOURCE__DSN")
        return
    names = ", ".join(table.name for table in (catalog.users, catalog.posts, catalog.events))
    yield Finding("ok", "source", f"answers, and its tables are as mapped: {names}")
    url = make_url(settings.source.required_dsn()).set(drivername="postgresql+psycopg2")
    limits = {"connect_timeout": CONNECT_TIMEOUT, "options": f"-c statement_timeout={STATEMENT_LIMIT}"}
    engine = create_engine(url, poolclass=NullPool, connect_args=limits)
    try:
        with engine.connect() as connection:
            yield _index(connection, catalog)
            yield _freshness(connection, catalog, settings)
    except SQLAlchemyError as error:  # its text may carry the address
        kind = type(error).__name__
        yield Finding("warning", "source events", f"cannot be read ({kind})", "look at the database's log; ask again")


def _index(connection: Connection, catalog: SourceCatalog) -> Finding:
    """Events are followed by their time: without an index, each look reads the whole table."""
    table, column = catalog.events, catalog.events.columns[EVENT_TIME].name
    values = {"schema": table.schema, "table": table.name, "column": column}
    kind, indexed = connection.execute(text(EVENT_INDEX), values).one()
    if indexed:
        return Finding("ok", "source index", f"{table.name}.{column} is indexed")
    if kind in {"v", "f"}:
        return Finding(
            "ok", "source index", f"{table.name} is no table of its own; index what is behind it by {column}"
        )
    create = "CREATE INDEX CONCURRENTLY" if kind == "r" else "CREATE INDEX"  # not concurrently on a partitioned table
    return Finding(
        "warning",
        "source index",
        f"no index begins with {table.name}.{column}, so that following events reads the whole table each time",
        f"{create} ON {table.qualified} ({identifier(column)});",
    )


def _freshness(connection: Connection, catalog: SourceCatalog, settings: Settings) -> Finding:
    column = catalog.events.columns[EVENT_TIME]
    newest = connection.execute(text(f"SELECT max({column.postgres}) FROM {catalog.events.qualified}")).scalar()
    if newest is None:
        return Finding("wrong", "source events", "there are none", "fill the event table, or correct source.events")
    age = datetime.now(UTC).replace(tzinfo=None) - newest
    if age < -settings.warehouse.future_tolerance:
        remedy = "correct the clock that writes it; times must be UTC, or carry their zone"
        return Finding("warning", "source events", f"the newest is {spoken(-age)} in the future", remedy)
    if age > settings.doctor.event_age:
        remedy = "look at what writes events (doctor.event_age is the limit)"
        return Finding("warning", "source events", f"the newest is {spoken(age)} old", remedy)
    return Finding("ok", "source events", f"the newest is {spoken(age)} old")
