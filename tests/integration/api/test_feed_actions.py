"""Feed actions: durable when answered, once a key, and every bad one a problem that names what is bad."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from api.actions import ActionWriter
from api.app import create_app
from api.schemas import FeedAction, WrittenAction
from core.settings import Settings
from tests.integration.api.process import eventually, running
from tests.integration.postgres_server import own_postgres
from warehouse.source_tables import migrate

Client = TestClient[Litestar]
NETWORK = """
    CREATE TYPE deed AS ENUM ('view', 'like');
    CREATE TABLE "user" (id int PRIMARY KEY, age int);
    CREATE TABLE post (id int PRIMARY KEY, text text, topic text);
    CREATE TABLE feed_action (user_id int, post_id int, action {action}, "time" {time}, via text DEFAULT 'web');
    INSERT INTO "user" VALUES (1, 20), (2, 30);
    INSERT INTO post VALUES (10, 'a', 'x'), (11, 'b', 'y');
"""
LIKE = {"user_id": 1, "post_id": 10, "action": "like", "time": "2021-12-20T03:00:00+03:00"}
WRITTEN = {**LIKE, "time": "2021-12-20T00:00:00"}
EVENTS = 'SELECT user_id, post_id, action::text, "time", via FROM feed_action ORDER BY ctid'


def execute(dsn: str, statements: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statements)


def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def over(home: Settings, dsn: str) -> Settings:
    return home.model_copy(update={"source": home.source.model_validate({"dsn": dsn})})


@pytest.fixture
def writing(home: Settings, database: str) -> Iterator[Client]:
    """A service over the network, its tables made."""
    execute(database, NETWORK.format(action="text", time="timestamp"))
    migrate(over(home, database))
    with TestClient(create_app(over(home, database))) as client:
        yield client


def named(answer: httpx.Response, status: int) -> list[tuple[str, str | None]]:
    """The names and values that a problem document tells."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert all(
        bad["parameter"] in answer.json()["detail"] or bad["parameter"] == "body" for bad in answer.json()["errors"]
    )
    return [(bad["parameter"], bad["value"]) for bad in answer.json()["errors"]]


@pytest.mark.parametrize("action", ["text", "deed", "char(10)"])
@pytest.mark.parametrize("time", ["timestamp", "timestamptz"])
def test_an_action_is_in_the_networks_own_table_whatever_its_types(
    home: Settings, database: str, action: str, time: str
) -> None:
    execute(database, NETWORK.format(action=action, time=time) + "ALTER ROLE postgres SET timezone = 'Asia/Tokyo'")
    try:
        with TestClient(create_app(over(home, database))) as client:
            answer = client.post("/feed-actions", json=LIKE)
            assert (answer.status_code, answer.json()) == (201, {"written": [WRITTEN]})
            assert client.post("/feed-actions", json=[LIKE, {**LIKE, "user_id": 2}]).status_code == 201
        moment = '"time"' if time == "timestamp" else "\"time\" AT TIME ZONE 'UTC'"
        found = rows(database, f"SELECT user_id, post_id, action::text, {moment}, via FROM feed_action ORDER BY ctid")
        assert found == [(user, 10, "like", datetime(2021, 12, 20), "web") for user in (1, 1, 2)]
    finally:
        execute(database, "ALTER ROLE postgres RESET timezone")


def test_an_action_without_a_time_is_of_now(writing: Client, database: str) -> None:
    assert writing.post("/feed-actions", json={"user_id": 1, "post_id": 11, "action": "view"}).status_code == 201
    [(*_, written, _)] = rows(database, EVENTS)
    assert abs(datetime.now(UTC).replace(tzinfo=None) - written) < timedelta(minutes=1)


def test_the_mapping_says_where_actions_go(home: Settings, database: str) -> None:
    execute(
        database,
        """
        CREATE SCHEMA "Net: 100%";
        CREATE TABLE "Net: 100%".people (uid bigint);
        CREATE TABLE "Net: 100%".post_text_df (post_id bigint, text text, topic text);
        CREATE TABLE "Net: 100%"."Deeds" (uid bigint, post_id bigint, action text, "at: %s" timestamp);
        INSERT INTO "Net: 100%".people VALUES (5); INSERT INTO "Net: 100%".post_text_df VALUES (6, 'a', 'b');
        """,
    )
    source = {
        "dsn": database,
        "db_schema": "Net: 100%",
        "preset": "feed_data",
        "users": {"table": "people", "columns": {"user_id": "uid"}},
        "events": {"table": "Deeds", "columns": {"user_id": "uid", "event_time": "at: %s"}},
    }
    settings = home.model_copy(update={"source": home.source.model_validate(source)})
    migrate(settings)
    action = {"user_id": 5, "post_id": 6, "action": "view"}
    with TestClient(create_app(settings)) as client:
        for _ in range(2):
            answer = client.post("/feed-actions", json=action, headers={"Idempotency-Key": "one"})
            assert answer.status_code == 201, answer.text
        assert len(client.get("/post/recommendations/?id=5").json()["recommendations"]) > 0
    assert rows(database, 'SELECT uid, post_id, action FROM "Net: 100%"."Deeds"') == [(5, 6, "view")]
    assert rows(database, 'SELECT count(*) FROM "Net: 100%".recommendation_exposure') == [(1,)]


def test_what_was_sent_twice_under_a_key_is_written_once_and_answered_alike(writing: Client, database: str) -> None:
    key = {"Idempotency-Key": "ключ".encode().hex() * 3}
    body = [LIKE, {"user_id": 2, "post_id": 11, "action": "view"}]
    answers = [writing.post("/feed-actions", json=body, headers=key) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert len(rows(database, EVENTS)) == 2
    other = writing.post("/feed-actions", json=[LIKE], headers=key)
    assert named(other, 422) == [("Idempotency-Key", key["Idempotency-Key"])]
    assert len(rows(database, EVENTS)) == 2


def test_requests_of_one_key_at_the_same_moment_are_written_once(writing: Client, database: str) -> None:
    def send(_: int) -> Any:
        return writing.post("/feed-actions", json=LIKE, headers={"Idempotency-Key": "same"}).json()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(24)))
    assert answers == [{"written": [WRITTEN]}] * 24
    assert len(rows(database, EVENTS)) == 1


def test_a_refused_request_writes_nothing_and_leaves_its_key_free(writing: Client, database: str) -> None:
    key = {"Idempotency-Key": "k"}
    bad = [LIKE, {**LIKE, "user_id": 3, "post_id": 2**40}, {**LIKE, "post_id": -(2**63)}]
    answer = writing.post("/feed-actions", json=bad, headers=key)
    assert named(answer, 422) == [("[1].user_id", "3"), ("[1].post_id", str(2**40)), ("[2].post_id", str(-(2**63)))]
    assert rows(database, EVENTS) == []
    assert writing.post("/feed-actions", json=LIKE, headers=key).status_code == 201


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ({"time": "9999-12-31T23:59:59"}, "9999-12-31T23:59:59"),
        ({"time": "9999-12-31T23:59:59-03:00"}, "9999-12-31T23:59:59-03:00"),
        ({"time": "0001-01-01T00:00:00+03:00"}, "0001-01-01T00:00:00+03:00"),
    ],
)
def test_a_time_ahead_or_out_of_the_calendar_is_refused(writing: Client, change: dict[str, Any], value: str) -> None:
    assert named(writing.post("/feed-actions", json={**LIKE, **change}), 422) == [("time", value)]


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        (b"", "body", ""),
        (b"{", "body", "{"),
        (b"\xff", "body", "\N{REPLACEMENT CHARACTER}"),
        (b"null", "body", "null"),
        (b"[]", "body", "[]"),
        (b"[1]", "[0]", "1"),
        (b"[" * 100_000, "[0]", "[" * 100),
        (b'{"user_id": 1, "post_id": 10}', "action", None),
        (b'[{"post_id": 10}]', "[0].user_id", None),
        (b'{"user_id": "1", "post_id": 10, "action": "like"}', "user_id", '"1"'),
        (b'{"user_id": 9223372036854775808, "post_id": 10, "action": "like"}', "user_id", "9223372036854775808"),
        (b'{"user_id": 1, "post_id": 1e400, "action": "like"}', "post_id", "1e400"),
        (b'{"user_id": 1, "post_id": %b, "action": "like"}' % (b"9" * 10_000), "post_id", "9" * 100),
        (b'{"user_id": 1, "post_id": 1.5, "action": "like"}', "post_id", "1.5"),
        (b'{"user_id": 1, "post_id": true, "action": "like"}', "post_id", "true"),
        (b'[{"user_id": 1, "post_id": 10, "action": "share"}]', "[0].action", '"share"'),
        (b'{"user_id": 1, "post_id": 10, "action": "like", "time": "yesterday"}', "time", '"yesterday"'),
        (b'{"user_id": 1, "post_id": 10, "action": "like", "time": 12}', "time", "12"),
        (b'{"user_id": 1, "post_id": 10, "action": "like", "timestamp": 12}', "timestamp", None),
    ],
)
def test_a_body_of_another_form_is_refused_with_the_fields_name(
    client: Client, body: bytes, name: str, value: str | None
) -> None:
    answer = client.post("/feed-actions", content=body, headers={"content-type": "multipart/form-data"})
    assert named(answer, 400) == [(name, value)]


def test_more_than_a_thousand_actions_or_ten_megabytes_are_refused(client: Client) -> None:
    assert named(client.post("/feed-actions", json=[LIKE] * 1001), 400)[0][0] == "body"
    answer = client.post("/feed-actions", content=b" " * 10_500_000)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_a_thousand_actions_are_written_in_their_order(writing: Client, database: str) -> None:
    body = [{**LIKE, "post_id": 10 + n % 2, "user_id": 1 + n % 3 % 2} for n in range(1000)]
    answer = writing.post("/feed-actions", json=body)
    assert answer.status_code == 201
    sent = [(one["user_id"], one["post_id"]) for one in body]
    assert [(one["user_id"], one["post_id"]) for one in answer.json()["written"]] == sent
    assert [row[:2] for row in rows(database, EVENTS)] == sent


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_of_another_form_is_refused(client: Client, key: str) -> None:
    assert named(client.post("/feed-actions", json=LIKE, headers={"Idempotency-Key": key}), 400) == [
        ("Idempotency-Key", key[:100])
    ]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inside: (
            st.lists(inside, max_size=3)
            | st.dictionaries(st.sampled_from(["user_id", "post_id", "action", "time"]) | st.text(max_size=4), inside)
        ),
    )
)
def test_no_body_is_an_error_of_the_service(client: Client, body: Any) -> None:
    answer = client.post("/feed-actions", json=body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code in (400, 422) or "source.dsn is not set" in answer.json()["detail"]


@pytest.mark.parametrize(
    "rule",
    [
        "ALTER TABLE feed_action ADD UNIQUE (user_id, post_id, action)",
        "ALTER TABLE feed_action ADD CHECK (post_id > 10)",
        "ALTER TABLE feed_action ALTER action TYPE varchar(3)",
        "ALTER TABLE feed_action ADD needed int NOT NULL",
    ],
)
def test_what_the_networks_table_does_not_take_is_refused_with_its_reason(
    writing: Client, database: str, rule: str
) -> None:
    execute(database, rule)
    answers = [writing.post("/feed-actions", json=LIKE) for _ in range(2)]
    assert named(answers[1], 422) == [("body", None)]
    assert "does not take" in answers[1].json()["detail"]


def test_a_table_that_is_gone_is_a_503_and_found_again_when_it_is_back(writing: Client, database: str) -> None:
    assert writing.post("/feed-actions", json=LIKE).status_code == 201
    execute(database, "ALTER TABLE feed_action RENAME TO elsewhere")
    for _ in range(2):
        answer = writing.post("/feed-actions", json=LIKE)
        assert (answer.status_code, "feed_action" in answer.json()["detail"]) == (503, True)
    execute(database, "ALTER TABLE elsewhere RENAME TO feed_action")
    assert writing.post("/feed-actions", json=LIKE).status_code == 201


def test_listeners_hear_what_was_written_once_and_cannot_spoil_it(
    home: Settings, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    execute(database, NETWORK.format(action="text", time="timestamp"))
    migrate(over(home, database))
    heard: list[WrittenAction] = []

    def spoil(_: Any) -> None:
        raise RuntimeError("the listener is ill")

    writer = ActionWriter(over(home, database), [spoil, heard.extend])
    for _ in range(2):
        answer = writer.write([FeedAction(1, 10, "like")], "key", listed=False)
    writer.close()
    assert heard == answer.written
    assert [record.levelno for record in caplog.records if record.name == "feedrank.api.actions"] == [logging.ERROR]


def test_without_the_database_it_says_to_repeat_and_repeating_writes_once(home: Settings) -> None:
    key = {"Idempotency-Key": "patience"}
    with own_postgres() as server:
        execute(server.dsn, NETWORK.format(action="text", time="timestamp"))
        migrate(over(home, server.dsn))
        with running(home, FEEDRANK_SOURCE__DSN=server.dsn) as service:
            client = service.client
            assert client.post("/feed-actions", json=LIKE, headers=key).status_code == 201
            server.stop()
            for path in (key, {}):
                answer = client.post("/feed-actions", json=LIKE, headers=path)
                assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
                assert "Idempotency-Key" in answer.json()["detail"]
            server.start()
            eventually(lambda: client.post("/feed-actions", json=LIKE, headers=key).status_code == 201)
            # a pooled connection that died with the server is not an error of the next request
            assert client.post("/feed-actions", json=LIKE).status_code == 201
            server.freeze()
            assert client.post("/feed-actions", json=LIKE, headers={"Idempotency-Key": "hangs"}).status_code == 503
            assert client.get("/post/recommendations/?id=1").status_code == 200
            server.thaw()
            eventually(
                lambda: client.post("/feed-actions", json=LIKE, headers={"Idempotency-Key": "hangs"}).status_code == 201
            )
        assert len(server.rows(EVENTS)) == 3
