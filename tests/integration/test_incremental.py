"""Step by step or at one go: whatever happens in the source, and whenever it is copied, the tables are the same."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import duckdb
import psycopg2
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import warehouse.copy as copy_module
from core.settings import Settings
from experiments.daily import update_daily
from features.daily import rebuild_daily, refresh_daily
from tests.integration.small_network import Network
from warehouse.connection import connect, literal, read_sql
from warehouse.copy import Reconcile, copy_source
from warehouse.source_tables import migrate

BEGIN = datetime(2026, 1, 1)
# user, post and event 0 stay, for a network without any cannot be copied
EMPTY = """
    CREATE TABLE "user" (id int PRIMARY KEY, age int);
    CREATE TABLE post (id int PRIMARY KEY, text text, topic text);
    CREATE TABLE feed_action (user_id int, post_id int, action text, time timestamp);
"""
START = f"""
    TRUNCATE "user", post, feed_action, recommendation_exposure;
    INSERT INTO "user" VALUES (0, 0), (1, 10), (2, 20), (3, 30);
    INSERT INTO post VALUES (0, '', NULL), (1, 'one', 'sport'), (2, 'two', 'tech'), (3, 'three', NULL);
    INSERT INTO feed_action VALUES (0, 0, 'view', '{BEGIN}');
    INSERT INTO feed_action
        SELECT u, p, CASE WHEN (u + p) % 3 = 0 THEN 'like' ELSE 'view' END,
               timestamp '{BEGIN}' + interval '7 hours' * u + interval '9 hours' * p
        FROM generate_series(1, 3) AS u CROSS JOIN generate_series(1, 3) AS p;
    INSERT INTO recommendation_exposure
        (request_id, experiment, salt, user_id, arm, snapshot_id, shown_at, post_ids, sources, propensities)
        SELECT md5(u::text)::uuid, 'e', 's', u, (ARRAY['control', 'test'])[1 + u % 2], '',
               timestamp '{BEGIN}' + interval '15 hours' * u, ARRAY[1, 2], ARRAY['trending', 'fresh'], ARRAY[1, 1]
        FROM generate_series(1, 3) AS u;
"""
TABLES = (
    *("raw.users", "raw.posts", "raw.events", "raw.exposures"),
    *("features.user_day", "features.user_topic_day", "features.post_day"),
    *(f"experiments.{name}" for name in ("experiment_daily", "guardrail_daily", "credit_daily", "member")),
    "experiments.aggregated_day",
)
OF_SNAPSHOT = ("users", "posts", "post_text", "user_likes", "user_feed", "post_feed", "experiment_daily")

users, posts, hours, some = st.integers(1, 4), st.integers(1, 4), st.integers(0, 120), st.integers(0, 20)
topics = st.sampled_from(["sport", "tech", None])
# five days in any order: in time, late, and later than any copy looks back
happens = st.tuples(st.just("event"), users, posts, st.sampled_from(["view", "like"]), hours)
step = st.one_of(
    happens,
    happens,
    happens,
    st.tuples(st.just("shown"), users, st.lists(posts, min_size=1, max_size=3, unique=True), hours),
    st.tuples(st.just("repeated"), some),
    st.tuples(st.just("lost"), some),
    st.tuples(st.just("changed"), some, posts),
    st.tuples(st.just("user"), users, st.integers(10, 12)),
    st.tuples(st.just("post"), posts, topics, st.sampled_from(["one", "two"])),
    st.tuples(st.just("user gone"), users, st.booleans()),
    st.tuples(st.just("post gone"), posts, st.booleans()),
)
# what is copied, whether days are aggregated at once
copies = st.tuples(st.sampled_from(["recent", "recent", "all", "repair"]), st.booleans())
happened, born_again = ("event", 1, 2, "like", 3), ("post", 2, "sport", "two")
arrivals = st.lists(st.tuples(st.lists(step, min_size=1, max_size=6), copies), min_size=1, max_size=4)


class Source:
    """The network's database, one connection for all examples."""

    def __init__(self, dsn: str) -> None:
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True
        self.answers = 0

    def execute(self, statement: str, *values: Any) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    def apply(self, what: str, *how: Any) -> None:
        """One step."""
        match what, how:
            case "event", (user, post, action, hour):
                values = (user, post, action, BEGIN + timedelta(hours=hour))
                self.execute("INSERT INTO feed_action VALUES (%s, %s, %s, %s)", *values)
            case "shown", (user, listed, hour):
                self.answers += 1
                shown = (
                    str(UUID(int=self.answers)),
                    user,
                    ("control", "test")[user % 2],
                    BEGIN + timedelta(hours=hour),
                )
                self.execute(
                    "INSERT INTO recommendation_exposure (request_id, experiment, salt, user_id, arm, snapshot_id, "
                    "shown_at, post_ids, sources, propensities) VALUES (%s, 'e', 's', %s, %s, '', %s, %s, %s, %s)",
                    *shown,
                    listed,
                    ["trending"] * len(listed),
                    [1.0] * len(listed),
                )
            case "repeated", (place,):
                self.execute(f"INSERT INTO feed_action SELECT * FROM ({_event(place)}) AS one")
            case "lost", (place,):
                self.execute(f"DELETE FROM feed_action WHERE (user_id, post_id, action, time) IN ({_event(place)})")
            case "changed", (place, post):
                chosen = f"(user_id, post_id, action, time) IN ({_event(place)})"
                self.execute(f"UPDATE feed_action SET post_id = {post} WHERE {chosen}")
            case "user", (user, age):
                self.execute(f'DELETE FROM "user" WHERE id = {user}; INSERT INTO "user" VALUES ({user}, {age})')
            case "post", (post, topic, text):
                self.execute("DELETE FROM post WHERE id = %s", post)
                self.execute("INSERT INTO post VALUES (%s, %s, %s)", post, text, topic)
            case (("user gone" | "post gone"), (key, with_events)):
                name = what.partition(" ")[0]
                self.execute(f'DELETE FROM "{name}" WHERE id = {key}')
                if with_events:
                    self.execute(f"DELETE FROM feed_action WHERE {name}_id = {key}")


def _event(place: int) -> str:
    return f"SELECT * FROM feed_action WHERE user_id > 0 ORDER BY time, user_id, post_id, action LIMIT 1 OFFSET {place}"


@pytest.fixture(scope="module")
def network(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Network:
    network = Network.create(postgres, tmp_path_factory.mktemp("incremental"), EMPTY)
    migrate(network.settings)
    return network


@pytest.fixture(scope="module")
def source(network: Network) -> Iterator[Source]:
    source = Source(network.dsn)
    with closing(source.connection):
        yield source


@hypothesis_settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(arrivals)
@example([([("post", 1, "tech", "one")], ("recent", True))])
@example([([("changed", 3, 3)], ("repair", True)), ([("lost", 2)], ("recent", False)), ([happened], ("all", True))])
@example([([("post gone", 2, False), ("user gone", 1, True)], ("recent", True)), ([born_again], ("repair", True))])
def test_what_comes_piece_by_piece_is_what_is_built_from_scratch(
    network: Network, source: Source, monkeypatch: pytest.MonkeyPatch, arrived: list[Any]
) -> None:
    settings = _home(network.settings, "by steps")
    settings.warehouse_file.unlink(missing_ok=True)
    source.execute(START)
    clock = BEGIN + timedelta(hours=47)  # of the last two days nothing is known at first
    _copy(settings, clock, monkeypatch, "recent")
    _aggregate(settings)
    for steps, (reconcile, aggregate) in arrived:
        for one in steps:
            source.apply(*one)
        clock += timedelta(hours=17)
        _copy(settings, clock, monkeypatch, reconcile)
        if aggregate:
            _aggregate(settings)
            assert _tables(settings) == _tables(_rebuilt(settings))
    # what no copy brings: rows whose users and posts have gone without them stay here as long as they stay there
    source.execute(
        """
        DELETE FROM feed_action WHERE user_id NOT IN (SELECT id FROM "user") OR post_id NOT IN (SELECT id FROM post)
        """
    )
    clock = BEGIN + timedelta(days=30)
    _copy(settings, clock, monkeypatch, "repair")
    _aggregate(settings)

    scratch = _home(network.settings, "at one go")
    scratch.warehouse_file.unlink(missing_ok=True)
    _copy(scratch, clock, monkeypatch, "all")
    with closing(connect(scratch)) as con:  # the source does not know when an event came
        con.execute(f"ATTACH {literal(str(settings.warehouse_file))} AS steps (READ_ONLY)")
        con.execute(
            "UPDATE raw.events AS e SET late_at = s.late_at FROM steps.raw.events AS s WHERE e.user_id = s.user_id "
            "AND e.post_id = s.post_id AND e.action::VARCHAR = s.action::VARCHAR AND e.event_time = s.event_time"
        )
    assert _tables(settings) == _tables(_rebuilt(scratch))


def _home(settings: Settings, name: str) -> Settings:
    return settings.model_copy(
        update={
            "home": settings.home / name,
            "warehouse": settings.warehouse.model_copy(update={"rejected_limit": 1.0, "threads": 1}),
        }
    )


def _copy(settings: Settings, clock: datetime, monkeypatch: pytest.MonkeyPatch, reconcile: Reconcile) -> None:
    monkeypatch.setattr(copy_module, "_source_clock", lambda _: clock)
    report = copy_source(settings, uuid4().hex, reconcile=reconcile)
    if reconcile == "repair":
        assert report.gaps == []


def _aggregate(settings: Settings) -> None:
    with closing(connect(settings)) as con:
        refresh_daily(con)
        update_daily(con, settings)


def _rebuilt(settings: Settings) -> Settings:
    """The same warehouse with everything computed from its raw tables."""
    other = _home(settings, "rebuilt")
    other.home.mkdir(exist_ok=True)
    shutil.copy(settings.warehouse_file, other.warehouse_file)
    with closing(connect(other)) as con:
        rebuild_daily(con)
        update_daily(con, other, everything=True)
    return other


def _tables(settings: Settings) -> dict[str, list[Any]]:
    """The rows of all tables, and of those that a snapshot makes of them."""
    with closing(connect(settings)) as con:
        con.execute("ATTACH ':memory:' AS snapshot")
        con.execute(read_sql("ranking", "snapshot_tables"))
        names = [*TABLES, *(f"snapshot.{name}" for name in OF_SNAPSHOT)]
        return {name: _rows(con, name) for name in names}


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> list[Any]:
    return con.execute(f"FROM {table} ORDER BY ALL").fetchall()
