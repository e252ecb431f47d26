"""The demo's own PostgreSQL: made once, found again, taken over from a demo that was killed."""

from pathlib import Path

import psutil
import psycopg2
import pytest

from feedrank.postgres import start_postgres
from feedrank.processes import Servers


def test_rows_survive_a_restart_and_the_password_is_needed(tmp_path: Path) -> None:
    with Servers(tmp_path / "logs") as servers:
        dsn = start_postgres(servers, tmp_path / "postgres")
        _execute(dsn, "CREATE TABLE kept AS SELECT 7 AS number")
    with Servers(tmp_path / "logs") as servers:
        dsn = start_postgres(servers, tmp_path / "postgres")
        assert _execute(dsn, "SELECT number FROM kept") == [(7,)]
        user, _, place = dsn.removeprefix("postgresql://").partition("@")
        with pytest.raises(psycopg2.OperationalError, match="password"):
            _execute(f"postgresql://{user.split(':')[0]}:guess@{place}", "SELECT 1")
        assert user.split(":")[1] not in (tmp_path / "logs" / "postgres.log").read_text()


def test_a_server_left_by_a_killed_demo_is_replaced(tmp_path: Path) -> None:
    killed = Servers(tmp_path / "logs")  # never left: as if this process had been killed
    start_postgres(killed, tmp_path / "postgres")
    leftover = _postmaster(tmp_path)
    with Servers(tmp_path / "logs") as servers:
        dsn = start_postgres(servers, tmp_path / "postgres")
        assert _postmaster(tmp_path).pid != leftover.pid
        assert _execute(dsn, "SELECT 1") == [(1,)]
    killed.__exit__(None, None, None)


def test_an_interrupted_making_of_the_cluster_is_begun_again(tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "draft"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Servers(tmp_path / "logs") as servers:
        assert _execute(start_postgres(servers, tmp_path / "postgres"), "SELECT 1") == [(1,)]
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
