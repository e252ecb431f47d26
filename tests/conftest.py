"""What every test may ask for: a real PostgreSQL, a fresh database in it, and the real data beside the repository."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg2
import pytest

from benchmarks.postgres import temporary_postgres

if TYPE_CHECKING:
    from tests.integration.rehearsed_network import Rehearsed

REPOSITORY = Path(__file__).parent.parent

# once a test has imported Prefect it listens to our loggers for good, and warns of every record outside a flow run
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser comes last: while Playwright runs, asyncio takes the main thread's loop for one that is running."""
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """DSN of a server of this test session."""
    with temporary_postgres() as dsn:
        yield dsn


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    """DSN of an empty database of this test alone."""
    name = f"test_{uuid4().hex}"
    _execute(postgres, f"CREATE DATABASE {name}")
    yield f"{postgres.rpartition('/')[0]}/{name}"
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real posts, feeds and reference vectors; tests that need it are skipped where it is absent."""
    for folder in (REPOSITORY / "shared", REPOSITORY.parent / "shared"):
        if folder.is_dir():
            return folder
    pytest.skip("the folder ../shared is not on this machine")


@pytest.fixture(scope="session")
def rehearsed_network(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> "Rehearsed":
    """A simulated network with a snapshot and some days of an experiment; tests must leave it as it is."""
    from tests.integration.rehearsed_network import rehearsed  # takes long to import, and few tests want it

    _execute(postgres, "CREATE DATABASE rehearsed")
    return rehearsed(f"{postgres.rpartition('/')[0]}/rehearsed", tmp_path_factory.mktemp("rehearsed"))


def _execute(dsn: str, statement: str) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True  # databases are not created inside a transaction
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
