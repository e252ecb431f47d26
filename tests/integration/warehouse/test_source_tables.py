"""Our tables in the source: made once, by whoever comes first, and never over the head of a role that may not."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from core.errors import SourceError, SourceUnreachable
from core.settings import Settings
from tests.integration.warehouse.conftest import Execute
from warehouse import source_tables
from warehouse.source_tables import (
    CHANGES,
    EXPOSURES,
    HEAD,
    IDEMPOTENCY,
    VERSION_TABLE,
    migrate,
    transaction,
    writing_engine,
)

OURS = {EXPOSURES, IDEMPOTENCY, CHANGES, VERSION_TABLE}


def tables(dsn: str, schema: str = "public") -> set[str]:
    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query, [schema])
        return {name for (name,) in cursor.fetchall()}


def as_role(database: str, role: str) -> str:
    return f"postgresql://{role}:hunter2@{database.rpartition('@')[2]}"


def with_source(settings: Settings, **source: Any) -> Settings:
    return settings.model_copy(update={"source": settings.source.model_validate(source)})


def test_the_second_run_changes_nothing(settings: Settings, database: str) -> None:
    assert migrate(settings)
    assert tables(database) == OURS
    assert not migrate(settings)


def test_the_newest_revision_is_the_one_that_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(source_tables.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_an_older_service_leaves_the_tables_of_a_newer_one_alone(settings: Settings, execute: Execute) -> None:
    migrate(settings)
    execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    assert not migrate(settings)


def test_several_processes_at_once_make_them_once(settings: Settings, database: str, tmp_path: Path) -> None:
    environment = {**os.environ, "FEEDRANK_SOURCE__DSN": database, "FEEDRANK_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "feedrank.cli", "migrate"]
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(3)
    ]
    told = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], told
    assert sorted("are created" in text for text in told) == [False, False, True]
    assert tables(database) == OURS


def test_they_are_in_the_schema_of_the_source(settings: Settings, database: str, execute: Execute) -> None:
    execute('CREATE SCHEMA "Odd % schema"')
    odd = with_source(settings, dsn=database, db_schema="Odd % schema")
    assert migrate(odd)
    assert not migrate(odd)
    assert (tables(database, "Odd % schema"), tables(database)) == (OURS, set())


def test_a_role_that_may_not_create_them_is_told_the_command_for_another(
    settings: Settings, database: str, execute: Execute
) -> None:
    execute("CREATE ROLE serving LOGIN PASSWORD 'hunter2'; GRANT USAGE ON SCHEMA public TO serving")
    serving = with_source(settings, dsn=as_role(database, "serving"))
    try:
        with pytest.raises(SourceError, match="feedrank migrate --grant serving") as refused:
            migrate(serving)
        assert "hunter2" not in str(refused.value)
        assert tables(database) == set()
        migrate(settings, grant="serving")
        assert not migrate(serving)
        with transaction(serving, writing_engine(serving, 5, 1)) as connection:
            connection.execute(text(f"INSERT INTO {IDEMPOTENCY} (key, request_hash, answer) VALUES ('k', 'h', '1')"))
    finally:
        execute("DROP OWNED BY serving; DROP ROLE serving")


def test_a_database_that_is_not_there_is_told_without_its_password(settings: Settings) -> None:
    with pytest.raises(SourceUnreachable, match="port 9") as error:
        migrate(with_source(settings, dsn="postgresql://me:hunter2@127.0.0.1:9/none"))
    assert "hunter2" not in str(error.value)


def test_commits_are_durable_even_where_the_server_is_not_by_default(settings: Settings) -> None:
    engine = writing_engine(settings, 5, 1)
    with transaction(settings, engine) as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
        assert connection.execute(text("SHOW statement_timeout")).scalar() == "5s"
    engine.dispose()


def test_a_statement_that_takes_too_long_is_ended(settings: Settings) -> None:
    engine = writing_engine(settings, 0.2, 1)
    with pytest.raises(SourceUnreachable, match="statement timeout"), transaction(settings, engine) as connection:
        connection.execute(text("SELECT pg_sleep(30)"))
    engine.dispose()
