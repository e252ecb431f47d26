"""The source of a course-size network: the tables that its snapshot was made of, in PostgreSQL."""

import duckdb
import psycopg2

from core.settings import Settings
from warehouse.connection import connect, literal
from warehouse.source import attached_source

TABLES = """
CREATE TABLE "user" (
    id int PRIMARY KEY, gender smallint, age int, country text, city text, exp_group smallint, os text, source text
);
CREATE TABLE post (id int PRIMARY KEY, text text, topic text);
CREATE TABLE feed_action (user_id int, post_id int, action text, "time" timestamp);
"""
INDEXES = """
CREATE INDEX feed_action_user ON feed_action (user_id);
CREATE INDEX feed_action_time ON feed_action ("time");
ANALYZE;
"""


def fill_source(settings: Settings) -> None:
    """Fill the empty PostgreSQL of the settings from the warehouse: users, posts, and likes as events."""
    dsn = settings.source.required_dsn()
    _execute(dsn, TABLES)
    with connect(settings) as warehouse:
        _load_scanner(warehouse, settings)
        warehouse.execute(f"ATTACH {literal(dsn)} AS target (TYPE postgres)")
        warehouse.execute('INSERT INTO target."user" FROM raw.users')
        warehouse.execute("INSERT INTO target.post SELECT post_id, text, topic FROM raw.posts")
        warehouse.execute(
            "INSERT INTO target.feed_action SELECT user_id, post_id, action::VARCHAR, event_time FROM raw.events"
        )
        warehouse.execute("DETACH target")
    _execute(dsn, INDEXES)


def _load_scanner(warehouse: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    with attached_source(warehouse, settings):
        pass


def _execute(dsn: str, statements: str) -> None:
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statements)
    finally:
        connection.close()
