from datetime import datetime

import polars as pl
import psycopg2
import pytest

from core.columns import ACTION, EVENT_TIME, LIKE, LIKED, POST_ID, TEXT, USER_ID
from core.errors import SettingsError, SourceError, SourceMismatch, SourceUnreachable
from simulation.postgres import Preset, write_world
from simulation.settings import WorldSettings
from simulation.world import World, simulate


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(WorldSettings(users=50, posts=30, days=3, events=2_000, ends_at=datetime(2024, 3, 1)))


def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())
    finally:
        connection.close()


def execute(dsn: str, statement: str) -> None:
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def test_feed_action_holds_the_whole_world(world: World, database: str) -> None:
    write_world(world, database)
    users = rows(database, 'SELECT id, gender, age, country, city, exp_group, os, source FROM "user" ORDER BY id')
    assert users == world.users.rows()
    assert rows(database, "SELECT id, text, topic FROM post ORDER BY id") == world.posts.rows()
    events = rows(database, "SELECT user_id, post_id, action, time FROM feed_action ORDER BY time, user_id, post_id")
    expected = world.events.sort(EVENT_TIME, USER_ID, POST_ID).select(USER_ID, POST_ID, ACTION, EVENT_TIME)
    assert events == expected.rows()


def test_feed_data_also_says_which_views_were_liked(world: World, database: str) -> None:
    write_world(world, database, "feed_data")
    assert rows(database, "SELECT count(*) FROM user_data") == [(len(world.users),)]
    assert rows(database, "SELECT text FROM post_text_df ORDER BY post_id") == world.posts.select(TEXT).rows()
    targets = rows(database, 'SELECT "timestamp", user_id, post_id, action, target FROM feed_data')
    liked = world.events.filter(pl.col(LIKED)).select(EVENT_TIME, USER_ID, POST_ID, ACTION).rows()
    assert sorted(row[:4] for row in targets if row[4] == 1) == sorted(liked)
    assert sum(row[3] == LIKE for row in targets) == len(liked)


@pytest.mark.parametrize(
    ("preset", "events", "types"),
    [
        ("feed_action", "feed_action", ["integer", "integer", "text", "timestamp without time zone"]),
        ("feed_data", "feed_data", ["integer", "integer", "smallint", "text", "timestamp without time zone"]),
    ],
)
def test_events_have_the_preset_s_types_and_an_index_on_their_time(
    world: World, database: str, preset: Preset, events: str, types: list[str]
) -> None:
    write_world(world, database, preset)
    columns = f"SELECT data_type FROM information_schema.columns WHERE table_name = '{events}' ORDER BY data_type"
    assert [row[0] for row in rows(database, columns)] == types
    [(index,)] = rows(database, f"SELECT indexdef FROM pg_indexes WHERE tablename = '{events}'")
    assert "time" in str(index)


def test_tables_with_rows_are_refused_and_left_alone(world: World, database: str) -> None:
    write_world(world, database)
    with pytest.raises(SourceError, match="'user' already holds rows"):
        write_world(world, database)
    assert rows(database, "SELECT count(*) FROM feed_action") == [(len(world.events),)]


def test_empty_tables_are_filled(world: World, database: str) -> None:
    write_world(world, database)
    execute(database, 'TRUNCATE "user", post, feed_action')
    write_world(world, database)
    assert rows(database, "SELECT count(*) FROM feed_action") == [(len(world.events),)]


def test_a_table_of_another_shape_leaves_nothing_half_written(world: World, database: str) -> None:
    execute(database, "CREATE TABLE feed_action (user_id integer, post_id integer)")
    with pytest.raises(SourceMismatch, match="action"):
        write_world(world, database)
    assert rows(database, "SELECT to_regclass('public.\"user\"')") == [(None,)]


def test_a_server_that_does_not_answer_is_named_without_the_password(world: World) -> None:
    with pytest.raises(SourceUnreachable, match=r"127\.0\.0\.1:1 ") as error:
        write_world(world, "postgresql://somebody:secret@127.0.0.1:1/network")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(("dsn", "preset"), [("nowhere", "feed_action"), ("postgresql://localhost/x", "feed")])
def test_a_wrong_dsn_or_preset_is_a_settings_error(world: World, dsn: str, preset: Preset) -> None:
    with pytest.raises(SettingsError, match=r"dsn|preset"):
        write_world(world, dsn, preset)
