"""A small network in PostgreSQL, and looking at what a copy made of it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from core.settings import Settings
from warehouse.connection import connect

# 3 users, 2 posts, 4 events of one day
NETWORK = """
CREATE TABLE "user" (id int, gender int, age int, country text, city text, exp_group int, os text, source text);
CREATE TABLE post (id int, text text, topic text);
CREATE TABLE feed_action (user_id int, post_id int, action text, "time" timestamp);
INSERT INTO "user" VALUES
    (3, 0, 30, 'Russia', 'Perm', 1, 'iOS', 'ads'), (1, 1, 20, 'Cyprus', '', 2, 'Android', 'ads'),
    (2, 0, NULL, NULL, 'Omsk', 0, 'iOS', 'organic');
INSERT INTO post VALUES (20, 'second', 'tech'), (10, NULL, NULL);
INSERT INTO feed_action VALUES
    (1, 10, 'view', '2025-01-10 10:00'), (1, 10, 'like', '2025-01-10 10:01'), (2, 20, 'view', '2025-01-10 11:00'),
    (3, 20, 'view', '2025-01-10 12:00');
"""

Execute = Callable[..., None]
Rows = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def execute(database: str) -> Execute:
    """Run statements in the source and commit them."""

    def run(statements: str, values: tuple[Any, ...] = ()) -> None:
        with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statements, values or None)

    return run


@pytest.fixture
def network(execute: Execute) -> None:
    execute(NETWORK)


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """The source's shape is the preset's, any share of rows may be rejected."""
    return Settings.model_validate({"home": tmp_path, "source": {"dsn": database}, "warehouse": {"rejected_limit": 1}})


@pytest.fixture
def rows(settings: Settings) -> Rows:
    """What a query of the warehouse gives."""

    def read(query: str) -> list[tuple[Any, ...]]:
        with closing(connect(settings, read_only=True)) as connection:
            return connection.execute(query).fetchall()

    return read


@pytest.fixture
def everything(rows: Rows) -> Callable[[], list[list[tuple[Any, ...]]]]:
    """All copied rows in order, to compare one state of the warehouse with another."""
    queries = [
        "FROM raw.users ORDER BY ALL",
        "FROM raw.posts ORDER BY ALL",
        "FROM raw.events ORDER BY ALL",
        "SELECT * EXCLUDE (run_id, rejected_at) FROM quality.rejected ORDER BY ALL",
        "FROM meta.watermarks ORDER BY ALL",
    ]
    return lambda: [rows(query) for query in queries]
