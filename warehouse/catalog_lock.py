"""The lock of a DuckLake: an advisory lock of its catalogue's PostgreSQL, kept by a connection and ending with it.

The connection's `application_name` says who holds it. Keep-alives end the connection of a machine that has vanished
within half a minute. Should the lock be lost while its owner goes on, two copies at once would still not both be kept:
each replaces the watermark, and the catalogue refuses the second commit.
"""

import os
import socket
from typing import Any

import psycopg2

from core.errors import WarehouseUnreachable
from core.settings import Settings
from warehouse import postgres_address
from warehouse.connection import CATALOG, catalog_dsn, without_catalog

KEY = 0x666565647261  # "feedra"
CONNECT_TIMEOUT = 10  # seconds
NAME_BYTES = 63  # as much as PostgreSQL keeps of an application's name
KEEP_ALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
HOLDER = """
    SELECT a.application_name, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32) | l.objid::bigint = %s
"""


class CatalogLock:
    """A connection that can hold the lock."""

    def __init__(self, settings: Settings, owner: str) -> None:
        self._settings = settings
        url = postgres_address.parse(catalog_dsn(settings), CATALOG)
        place = f" (process {os.getpid()} on {socket.gethostname()})"
        room = NAME_BYTES - len(place.encode())
        name = owner.encode()[: max(room, 0)].decode(errors="ignore") + place
        try:
            self._connection = psycopg2.connect(
                postgres_address.libpq(url),
                connect_timeout=CONNECT_TIMEOUT,
                application_name=name,
                options=KEEP_ALIVE,
            )
        except psycopg2.Error as error:
            raise self._unreachable(error) from None
        self._connection.autocommit = True

    def take(self) -> bool:
        return bool(self._ask("SELECT pg_try_advisory_lock(%s)")[0][0])

    def holder(self) -> str:
        return self.held_by() or "a process that has just let go of it"

    def held_by(self) -> str | None:
        """Who holds it, since when it is connected; None if nobody does."""
        for name, since in self._ask(HOLDER):
            return f"{name!r}, connected since {since}"
        return None

    def close(self) -> None:
        self._connection.close()

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(query, [KEY])
                found: list[tuple[Any, ...]] = cursor.fetchall()
                return found
        except psycopg2.Error as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: psycopg2.Error) -> WarehouseUnreachable:
        told = without_catalog(self._settings, str(error)).strip()
        return WarehouseUnreachable(f"the catalogue of the DuckLake does not answer: {told}; check {CATALOG}")
