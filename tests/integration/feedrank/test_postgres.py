"""The demo's own PostgreSQL: made once, found again, taken over from a demo that was killed."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from feedrank.postgres import start_postgres
from feedrank.processes import Servers


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can be let through to; another session of pytest closes those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_rows_survive_a_restart_and_the_password_is_needed(home: Path) -> None:
    with Servers(home / "logs") as servers:
        dsn = start_postgres(servers, home / "postgres")
        _execute(dsn, "CREATE TABLE kept AS SELECT 7 AS number")
    with Servers(home / "logs") as servers:
        dsn = start_postgres(servers, home / "postgres")
        assert _execute(dsn, "SELECT number FROM kept") == [(7,)]
        user, _, place = dsn.removeprefix("postgresql://").partition("@")
        with pytest.raises(psycopg2.OperationalError, match="password"):
            _execute(f"postgresql://{user.split(':')[0]}:guess@{place}", "SELECT 1")
        assert user.split(":")[1] not in (home / "logs" / "postgres.log").read_text()


def test_a_server_left_by_a_killed_demo_is_replaced(home: Path) -> None:
    killed = Servers(home / "logs")  # never left: as if this process had been killed
    start_postgres(killed, home / "postgres")
    leftover = _postmaster(home)
    with Servers(home / "logs") as servers:
        dsn = start_postgres(servers, home / "postgres")
        assert _postmaster(home).pid != leftover.pid
        assert _execute(dsn, "SELECT 1") == [(1,)]
    killed.__exit__(None, None, None)


def test_an_interrupted_making_of_the_cluster_is_begun_again(home: Path) -> None:
    half = home / "postgres" / "draft"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Servers(home / "logs") as servers:
        assert _execute(start_postgres(servers, home / "postgres"), "SELECT 1") == [(1,)]
    assert not half.exists()


def _postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0]))


def _execute(dsn: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
