"""A PostgreSQL of its own that a test may stop, start again, and freeze."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg2

from benchmarks.postgres import temporary_postgres


@dataclass
class PostgresServer:
    """The server, and how to start it again."""

    dsn: str
    process: psutil.Process
    command: list[str]
    identity: dict[str, Any]  # whom to run it as, where we are root
    child: subprocess.Popen[bytes] | None = None  # the one that `start` has started

    def stop(self) -> None:
        """End it as a service manager does: connections are closed at once."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        if self.child is not None:
            self.child.wait()

    def start(self) -> None:
        """Start it again on the same data and port."""
        self.child = subprocess.Popen(self.command, stderr=subprocess.DEVNULL, cwd="/", **self.identity)
        self.process = psutil.Process(self.child.pid)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def _signal(self, number: int) -> None:
        """Send it to the server and all its children."""
        for process in [self.process, *self.process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):  # a connection may end at any moment
                process.send_signal(number)


@contextmanager
def own_postgres() -> Iterator[PostgresServer]:
    with temporary_postgres() as dsn:
        with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT (pg_read_file('postmaster.pid'))")
            pid = int(cursor.fetchall()[0][0].split("\n")[0])
        process = psutil.Process(pid)
        owner, group = process.uids().real, process.gids().real
        identity = {} if os.geteuid() else {"user": owner, "group": group, "extra_groups": []}
        server = PostgresServer(dsn, process, process.cmdline(), identity)
        try:
            yield server
        finally:
            if server.process.is_running():
                server.thaw()
                if server.process.pid != pid:
                    server.stop()
