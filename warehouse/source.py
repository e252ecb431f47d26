"""The source as it is: which tables and columns are there, of which kind, and how to reach them from DuckDB."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

import duckdb
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from core.columns import ACTION, EVENT_TIME, POST_ID, USER_ID
from core.errors import SourceError, SourceMismatch, SourceUnreachable
from core.settings import Settings, SourceTable
from warehouse import postgres_address
from warehouse.connection import identifier, literal, load_extension, read_sql, without_catalog
from warehouse.postgres_address import describe

CONNECT_TIMEOUT = 10  # seconds

# moment: without a zone, taken as UTC; instant: with a zone; other: kept as its text
Kind = Literal["integer", "number", "boolean", "moment", "instant", "text", "other"]
KINDS: dict[str, Kind] = {
    **dict.fromkeys(("int2", "int4", "int8"), "integer"),
    **dict.fromkeys(("float4", "float8", "numeric"), "number"),
    "bool": "boolean",
    **dict.fromkeys(("date", "timestamp"), "moment"),
    "timestamptz": "instant",
    **dict.fromkeys(("text", "varchar", "bpchar", "citext", "name"), "text"),
}
# what PostgreSQL makes of a column of each kind, so that every type it knows arrives in a form that DuckDB knows
POSTGRES_CASTS: dict[Kind, str] = {
    "integer": "{}::bigint",
    "number": "{}::double precision",
    "boolean": "{}::int::bigint",
    "moment": "{}::timestamp",
    "instant": "({} AT TIME ZONE 'UTC')",
    "text": "{}::text",
    "other": "{}::text",
}


@dataclass(frozen=True)
class Column:
    """One column of a source table."""

    name: str
    type: str  # PostgreSQL's name of it, a domain's base type
    kind: Kind

    @property
    def postgres(self) -> str:
        """The expression that reads it inside PostgreSQL, of the type that the warehouse keeps."""
        return POSTGRES_CASTS[self.kind].format(identifier(self.name))


@dataclass(frozen=True)
class Table:
    """One source table: our names mapped to its columns, and its further columns."""

    schema: str
    name: str
    columns: dict[str, Column]
    further: tuple[Column, ...]

    @property
    def qualified(self) -> str:
        return f"{identifier(self.schema)}.{identifier(self.name)}"


@dataclass(frozen=True)
class SourceCatalog:
    """The three source tables, checked against the mapping."""

    users: Table
    posts: Table
    events: Table

    @property
    def profile(self) -> tuple[Column, ...]:
        """The columns of the user table beside its id."""
        return self.users.further


def inspect_source(settings: Settings) -> SourceCatalog:
    """Look the mapped tables up in the source's catalogue.

    Raises:
        SourceUnreachable: no answer, or the credentials are refused.
        SourceMismatch: a table or column is missing (lists what there is), of a type that cannot be used, or its name
            clashes with one of ours.
    """
    found = _read_catalogue(settings)
    tables = {table: _map_table(settings, table, found) for table in get_args(SourceTable)}
    catalog = SourceCatalog(**tables)
    _check_types(catalog)
    _check_profile(catalog.users)
    return catalog


def _read_catalogue(settings: Settings) -> dict[str, list[Column]]:
    url = source_url(settings)
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT})
    found: dict[str, list[Column]] = {}
    try:
        with engine.connect().execution_options(postgresql_readonly=True) as connection:
            query = text(read_sql("warehouse", "source_columns"))
            for table, column, type_name in connection.execute(query, {"schema": settings.source.db_schema}):
                found.setdefault(table, []).append(Column(column, type_name, KINDS.get(type_name, "other")))
    except OperationalError as error:
        raise SourceUnreachable(
            f"cannot reach the source database at {describe(url)}: {scrub(settings, str(error.orig)).strip()}; "
            "check source.dsn (FEEDRANK_SOURCE__DSN) and that the server runs"
        ) from None
    except SQLAlchemyError as error:
        raise SourceError(f"the source at {describe(url)} failed: {scrub(settings, str(error))}") from None
    return found


def _map_table(settings: Settings, table: SourceTable, found: dict[str, list[Column]]) -> Table:
    mapping = settings.source.mapping(table)
    schema = settings.source.db_schema
    if mapping.table not in found:
        raise SourceMismatch(
            f"source.{table}.table = {mapping.table!r} is not in schema {schema!r} of the source, or may not be read; "
            f"there are: {_listed(found)}. Set source.preset, source.db_schema or source.{table}.table"
        )
    columns = {column.name: column for column in found[mapping.table]}
    if missing := {ours: theirs for ours, theirs in mapping.columns.items() if theirs not in columns}:
        raise SourceMismatch(
            f"source.{table}.columns maps {missing}, but table {mapping.table!r} has no such column; "
            f"it has: {_listed(columns)}"
        )
    mapped = {ours: columns[theirs] for ours, theirs in mapping.columns.items()}
    further = tuple(column for name, column in columns.items() if name not in mapping.columns.values())
    return Table(schema, mapping.table, mapped, further)


def _check_types(catalog: SourceCatalog) -> None:
    wanted: list[tuple[Table, str, tuple[Kind, ...], str]] = [
        (catalog.users, USER_ID, ("integer",), "an integer"),
        (catalog.posts, POST_ID, ("integer",), "an integer"),
        (catalog.events, USER_ID, ("integer",), "an integer"),
        (catalog.events, POST_ID, ("integer",), "an integer"),
        (catalog.events, EVENT_TIME, ("moment", "instant"), "a timestamp"),
        (catalog.events, ACTION, ("text", "other"), "a text or an enum"),
    ]
    for table, ours, kinds, meaning in wanted:
        column = table.columns[ours]
        if column.kind not in kinds:
            raise SourceMismatch(
                f"column {column.name!r} of table {table.name!r}, mapped to {ours}, is of type {column.type}; "
                f"it must be {meaning}"
            )


def _check_profile(users: Table) -> None:
    # DuckDB does not tell names apart by case
    seen = {USER_ID: users.columns[USER_ID].name}
    for column in users.further:
        name = column.name.lower()
        if name in seen:
            raise SourceMismatch(
                f"columns {seen[name]!r} and {column.name!r} of table {users.name!r} would both be called {name!r} in "
                f"the warehouse; map the id to another column, or copy from a view that renames one of them"
            )
        seen[name] = column.name


@contextmanager
def attached_source(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[None]:
    """The source as database `source`, for reading only; one DuckDB transaction is one read-only transaction of
    PostgreSQL's and sees one snapshot.

    Raises:
        SourceUnreachable: it does not answer any more.
    """
    load_extension(connection, "postgres_scanner")
    dsn = postgres_address.libpq(source_url(settings))
    options = f"TYPE postgres, READ_ONLY, SCHEMA {literal(settings.source.db_schema)}"
    try:
        connection.execute(f"ATTACH {literal(dsn)} AS source ({options})")
    except duckdb.Error as error:
        raise SourceUnreachable(f"cannot read the source database: {scrub(settings, str(error))}") from None
    try:
        yield
    finally:
        connection.execute("DETACH source")


def in_postgres(query: str) -> str:
    """A table function that runs `query` inside the attached PostgreSQL, in the transaction's snapshot."""
    return f"postgres_query('source', {literal(query)})"


def scrub(settings: Settings, message: str) -> str:
    """`message` without the addresses of the source and the catalogue and their passwords."""
    message = postgres_address.without(source_url(settings), settings.source.required_dsn(), message)
    return without_catalog(settings, message)


def source_url(settings: Settings) -> URL:
    """The DSN as SQLAlchemy takes it.

    Raises:
        SettingsError: none is set, or it cannot be read.
    """
    return postgres_address.parse(settings.source.required_dsn(), "source.dsn")


def _listed(names: Sequence[str] | dict[str, list[Column]] | dict[str, Column]) -> str:
    return ", ".join(sorted(names)) or "none"
