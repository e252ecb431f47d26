"""New rows come through the mapping, whatever the source calls its columns and of whatever type they are."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Connection

from core.settings import Settings
from warehouse import source_news as news
from warehouse.source import SourceCatalog, inspect_source
from warehouse.source_tables import transaction, writing_engine

NETWORK = """
    ALTER ROLE postgres SET timezone = 'Asia/Tokyo';
    CREATE TABLE "user" ("no:1" int PRIMARY KEY, born date, "is %s" boolean, city char(6));
    CREATE TABLE post (id smallint, body text, topic varchar);
    CREATE TABLE feed_action (u int, p bigint, action char(10), "at" {time});
    INSERT INTO "user" VALUES (1, '2000-01-01', true, 'Omsk'), (2, NULL, NULL, NULL), (7, NULL, false, 'Perm');
    INSERT INTO post VALUES (1, 'one', 'x'), (5, NULL, NULL), (9, 'nine', 'y');
    INSERT INTO feed_action SELECT 1, id, action, {moment} + id * interval '1 hour'
    FROM post, unnest(ARRAY['view', 'like', 'share']) AS action;
    INSERT INTO feed_action VALUES (NULL, 1, 'like', {moment}), (1, 1, 'like', NULL), (1, 1, 'like', 'infinity');
"""
NEW_YEAR, HOUR = datetime(2026, 1, 1), timedelta(hours=1)
MOMENTS = {"timestamp": "timestamp '2026-01-01'", "timestamptz": "timestamptz '2026-01-01 09:00+09'"}


@pytest.fixture(params=MOMENTS)
def source(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Connection, SourceCatalog]]:
    with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(NETWORK.format(time=request.param, moment=MOMENTS[request.param]))
    mapping = {
        "dsn": database,
        "users": {"columns": {"user_id": "no:1"}},
        "posts": {"columns": {"text": "body"}},
        "events": {"columns": {"user_id": "u", "post_id": "p", "event_time": "at"}},
    }
    settings = Settings.model_validate({"home": tmp_path, "source": mapping})
    engine = writing_engine(settings, 5.0, connections=1)
    try:
        with transaction(settings, engine) as connection:
            yield connection, inspect_source(settings)
    finally:
        engine.dispose()
        with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("ALTER ROLE postgres RESET timezone")


def test_events_come_by_time_and_of_the_older_ones_the_likes(source: tuple[Connection, SourceCatalog]) -> None:
    connection, catalog = source

    def between(since: int, until: int, limit: int = 10) -> list[news.NewEvent]:
        since_, until_ = (NEW_YEAR + hours * HOUR for hours in (since, until))
        return sorted(news.events_between(connection, catalog.events, since_, until_, NEW_YEAR + 5 * HOUR, limit))

    first, second, third = (NEW_YEAR + hours * HOUR for hours in (1, 5, 9))
    everything = [(1, first, 1, True), (1, second, 5, True), (1, third, 9, False), (1, third, 9, True)]
    assert between(0, 9) == everything
    assert between(1, 8) == everything[1:2]
    assert between(0, 9, limit=1) == everything[:1]
    assert between(5, 9, limit=1) == everything[2:], "those of one moment come together"


def test_users_and_posts_come_by_id(source: tuple[Connection, SourceCatalog]) -> None:
    connection, catalog = source
    one = {"user_id": 1, "born": datetime(2000, 1, 1), "is %s": 1, "city": "Omsk"}
    two = {"user_id": 2, "born": None, "is %s": None, "city": None}
    assert news.users_of(connection, catalog, {2, 1, 3, 2**60}) == [one, two]
    assert [user["user_id"] for user in news.users_above(connection, catalog, 1, 1)] == [2]
    assert news.users_above(connection, catalog, -(2**63), 1) == [one]
    assert news.posts_above(connection, catalog.posts, 1, 10) == [(5, "", None), (9, "nine", "y")]
    assert news.posts_of(connection, catalog.posts, [9, 4]) == [(9, "nine", "y")]
    assert news.post_ids(connection, catalog.posts) == {1, 5, 9}
    assert news.post_count(connection, catalog.posts) == 3
