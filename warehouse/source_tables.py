"""Our own tables in the source's PostgreSQL, and connections that write there and never hang for ever.

`migrate` creates the tables, once, however many processes start at the same moment: an advisory lock lets one of them
at it, and the others find it done. All revisions are one transaction.
"""

import os
import select
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import resources
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import (
    InterfaceError,
    InternalError,
    InvalidatePoolError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import SourceError, SourceUnreachable
from core.settings import Settings
from warehouse.connection import identifier
from warehouse.postgres_address import describe
from warehouse.source import scrub, source_url

EXPOSURES: Final = "recommendation_exposure"
IDEMPOTENCY: Final = "feedrank_idempotency"
CHANGES: Final = "experiment_change"
VERSION_TABLE: Final = "feedrank_migration"
HEAD: Final = "0002"
# what the API does with them, and what the copy does; a change of an experiment is for neither
API_RIGHTS: Final = {
    EXPOSURES: "INSERT, SELECT (request_id)",  # the second, to leave alone what is there already
    IDEMPOTENCY: "INSERT, SELECT",
    CHANGES: "SELECT",
    VERSION_TABLE: "SELECT",
}
COPY_RIGHTS: Final = {EXPOSURES: "SELECT"}
LOCK: Final = 0x66656564  # of `migrate`; a number of our own among the advisory locks of the database
CONNECT_TIMEOUT = 3  # seconds
MIGRATION_LIMIT = 30.0  # seconds
# alembic's context is global to the process
_one_at_a_time = threading.Lock()


def writing_engine(settings: Settings, limit: float, connections: int) -> Engine:
    """Up to `connections` connections whose statements take `limit` seconds at most.

    The server ends a statement at the limit, and `transaction` cuts the connection a little later, for a server that is
    stopped or cut off does neither end a statement nor answer.

    Raises:
        SettingsError: source.dsn is not set or cannot be read.
    """
    engine = create_engine(
        source_url(settings),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=limit,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT,
            "tcp_user_timeout": int(limit * 1000),
            "keepalives_idle": 10,
            "application_name": "feedrank",
        },
        execution_options={"limit": limit},
        hide_parameters=True,
    )
    event.listen(engine, "checkout", _refuse_dead)
    return engine


@contextmanager
def transaction(settings: Settings, engine: Engine) -> Iterator[Connection]:
    """A transaction whose commit has reached the server's disk, whatever the server's default is.

    Raises:
        SourceUnreachable: no connection, or it broke; it is not known whether a commit under way has happened.
        SourceError: the role may not do it, or a table is missing.
        sqlalchemy.exc.DataError, IntegrityError: a value cannot be held by the table.
    """
    limit: float = engine.get_execution_options()["limit"]
    try:
        with engine.connect() as connection, _cut_after(connection, limit + 1), connection.begin():
            connection.execute(_BEGIN, {"limit": f"{limit * 1000:.0f}"})
            yield connection
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        told = _first_line(settings, getattr(error, "orig", error))
        raise SourceUnreachable(f"the source database at {describe(engine.url)} does not answer: {told}") from None
    except (ProgrammingError, InternalError, NotSupportedError) as error:
        raise SourceError(f"the source refuses: {_first_line(settings, error.orig)}") from None


def migrate(settings: Settings, *, grant: str | None = None, grant_copy: str | None = None) -> bool:
    """Create or bring up to date our tables in the schema of the source; False if they were.

    `grant` names a role that may then use them as the API does, `grant_copy` one that may as the copy does.

    Raises:
        SourceUnreachable: the database does not answer.
        SourceError: the role may not create tables; says how to have it done by another.
    """
    engine = writing_engine(settings, MIGRATION_LIMIT, connections=1)
    try:
        with _one_at_a_time, transaction(settings, engine) as connection:
            try:
                changed = _upgrade(connection, settings.source.db_schema)
            except ProgrammingError as error:
                raise _not_allowed(settings, connection, error) from None
            for role, rights in ((grant, API_RIGHTS), (grant_copy, COPY_RIGHTS)):
                if role is not None:
                    _grant(connection, settings.source.db_schema, role, rights)
            return changed
    finally:
        engine.dispose()


def qualified(settings: Settings, table: str) -> str:
    """The table in the source's schema, quoted."""
    return f"{identifier(settings.source.db_schema)}.{identifier(table)}"


# remote_apply, which is more than on, is left as it is
_BEGIN = text("""
    SELECT
        set_config('statement_timeout', :limit, true),
        CASE
            WHEN current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')
            THEN set_config('synchronous_commit', 'on', true)
        END
""")


def _upgrade(connection: Connection, schema: str) -> bool:
    if _version(connection, schema) >= HEAD:  # without loading alembic, which is seldom needed
        return False
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    if _version(connection, schema) >= HEAD:
        return False
    from alembic import command
    from alembic.config import Config

    connection.execute(text("SELECT set_config('search_path', :schema, true)"), {"schema": identifier(schema)})
    with resources.as_file(resources.files("warehouse") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes.update(connection=connection, schema=schema, version_table=VERSION_TABLE)
        command.upgrade(config, "head")
    return True


def _version(connection: Connection, schema: str) -> str:
    """The newest revision there, of a later feedrank perhaps; empty before the first."""
    # not by to_regclass, which may answer from a cache of before we waited for the lock
    there = connection.execute(
        text("SELECT FROM pg_catalog.pg_tables WHERE schemaname = :schema AND tablename = :name"),
        {"schema": schema, "name": VERSION_TABLE},
    ).one_or_none()
    if there is None:
        return ""
    table = f"{identifier(schema)}.{identifier(VERSION_TABLE)}"
    return connection.execute(text(f"SELECT version_num FROM {table}")).scalar() or ""


def _grant(connection: Connection, schema: str, role: str, rights: Mapping[str, str]) -> None:
    to = f"TO {identifier(role)}"
    connection.execute(text(f"GRANT USAGE ON SCHEMA {identifier(schema)} {to}"))
    for table, right in rights.items():
        connection.execute(text(f"GRANT {right} ON {identifier(schema)}.{identifier(table)} {to}"))


def _not_allowed(settings: Settings, connection: Connection, error: ProgrammingError) -> SourceError:
    role = connection.engine.url.username
    told = _first_line(settings, error.orig)
    return SourceError(
        f"role {role!r} cannot create or read our tables ({EXPOSURES}, {IDEMPOTENCY}, {CHANGES}, {VERSION_TABLE}) in "
        f"schema {settings.source.db_schema!r}: {told}. Have a role that may do it run, once: "
        f"FEEDRANK_SOURCE__DSN=postgresql://OWNER:PASSWORD@HOST:5432/NAME feedrank migrate --grant {role}"
    )


def _first_line(settings: Settings, error: BaseException | None) -> str:
    """What the driver says, without the statement that it repeats in further lines."""
    return scrub(settings, str(error)).strip().partition("\n")[0]


def _refuse_dead(connection: Any, record: Any, proxy: Any) -> None:  # noqa: ARG001  SQLAlchemy's signature
    """Throw pooled connections away that the server has closed since, without asking it.

    A query to find out would hang while the server is stopped. What can be read from an idle connection is its end.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise InvalidatePoolError


@contextmanager
def _cut_after(connection: Connection, seconds: float) -> Iterator[None]:
    """Shut the connection's socket down after `seconds`, which ends a wait inside libpq."""
    driver = connection.connection.dbapi_connection
    assert driver is not None
    own = socket.socket(fileno=os.dup(driver.fileno()))
    timer = threading.Timer(seconds, lambda: _shut(own))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        own.close()


def _shut(own: socket.socket) -> None:
    with suppress(OSError):  # closed meanwhile
        own.shutdown(socket.SHUT_RDWR)
