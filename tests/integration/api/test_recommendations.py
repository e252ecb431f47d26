from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from core.columns import ARMS
from core.settings import Settings
from experiments.assignment import assign
from experiments.kept_plan import known_plan

Client = TestClient[Litestar]
UNKNOWN_USER = 2**63 - 1


def ids(posts: Sequence[dict[str, Any]]) -> list[int]:
    return [post["id"] for post in posts]


@pytest.mark.parametrize("path", ["/post/recommendations/", "/post/recommendations"])
@pytest.mark.parametrize("time", ["2021-12-20T00:00:00", "2021-12-20 00:00:00"])
def test_the_answer_has_the_shape_that_clients_of_the_course_know(client: Client, path: str, time: str) -> None:
    answer = client.get(path, params={"id": 200, "time": time, "limit": 3})
    assert answer.status_code == 200
    assert list(answer.json()) == ["exp_group", "recommendations"]
    assert answer.json()["exp_group"] in ARMS
    assert [list(post) for post in answer.json()["recommendations"]] == [["id", "text", "topic"]] * 3


def test_posts_carry_their_own_text_and_topic(client: Client, tables: duckdb.DuckDBPyConnection) -> None:
    known = dict(tables.execute("SELECT post_id, (text, topic) FROM posts JOIN post_text USING (post_id)").fetchall())
    for post in client.get("/post/recommendations/", params={"id": 1, "limit": 100}).json()["recommendations"]:
        assert (post["text"], post["topic"]) == known[post["id"]]


def test_a_user_is_always_in_the_arm_that_the_experiment_assigns(client: Client, published: Settings) -> None:
    for user_id in range(20):
        expected = assign(known_plan(published), user_id).arm
        for _ in range(2):
            assert client.get("/post/recommendations/", params={"id": user_id}).json()["exp_group"] == expected
    assert {assign(known_plan(published), user_id).arm for user_id in range(20)} == set(ARMS)


def test_a_request_gets_what_the_nightly_batch_wrote_for_its_moment(
    client: Client, published: Settings, tables: duckdb.DuckDBPyConnection
) -> None:
    [(cut,)] = tables.execute("SELECT cut FROM state").fetchall()
    for (user_id,) in tables.execute("SELECT user_id FROM users ORDER BY user_id LIMIT 10").fetchall():
        written = tables.execute(
            "SELECT post_id FROM recommendations WHERE user_id = ? AND arm = ? ORDER BY rank LIMIT 5",
            [user_id, assign(known_plan(published), user_id).arm],
        ).fetchall()
        answer = client.get("/post/recommendations/", params={"id": user_id, "time": f"{cut}T12:00:00"})
        assert ids(answer.json()["recommendations"]) == [post_id for (post_id,) in written]


def test_an_offset_names_the_same_moment(client: Client) -> None:
    utc, moscow = (
        client.get("/post/recommendations/", params={"id": 3, "limit": 100, "time": time}).json()
        for time in ("2021-12-19T22:00:00", "2021-12-20T01:00:00+03:00")
    )
    assert utc == moscow


def test_liked_posts_never_return(client: Client, tables: duckdb.DuckDBPyConnection) -> None:
    fans = tables.execute(
        "SELECT user_id, list(post_id) FROM user_likes GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT 10"
    ).fetchall()
    for user_id, liked in fans:
        answer = client.get("/post/recommendations/", params={"id": user_id, "limit": 100}).json()
        assert not set(ids(answer["recommendations"])) & set(liked)


@pytest.mark.parametrize("limit", [1, 100])
def test_the_bounds_of_limit_are_accepted(client: Client, tables: duckdb.DuckDBPyConnection, limit: int) -> None:
    [(posts,)] = tables.execute("SELECT count(*) FROM posts").fetchall()
    answer = client.get("/post/recommendations/", params={"id": UNKNOWN_USER, "limit": limit})
    assert len(answer.json()["recommendations"]) == min(limit, posts)


def test_an_unknown_user_gets_a_cold_start_answer(client: Client) -> None:
    assert len(client.get("/post/recommendations/", params={"id": UNKNOWN_USER}).json()["recommendations"]) == 5


@settings(deadline=None)
@given(user_id=st.integers(-(2**63), 2**63 - 1), limit=st.integers(1, 100))
def test_any_user_and_limit_get_different_posts(client: Client, user_id: int, limit: int) -> None:
    answer = client.get("/post/recommendations/", params={"id": user_id, "limit": limit})
    assert answer.status_code == 200
    shown = ids(answer.json()["recommendations"])
    assert 0 < len(shown) <= limit
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        ("limit", "0", "from 1 to 100"),
        ("limit", "101", "from 1 to 100"),
        ("limit", "five", "from 1 to 100"),
        ("id", "abc", "whole number"),
        ("id", "99999999999999999999", "9223372036854775807"),
        ("time", "yesterday", "ISO 8601"),
    ],
)
def test_a_bad_parameter_is_named_with_its_value_and_bounds(
    client: Client, parameter: str, value: str, expected: str
) -> None:
    answer = client.get("/post/recommendations/", params={"id": "1", parameter: value})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    [error] = answer.json()["errors"]
    assert (error["parameter"], error["value"]) == (parameter, value)
    assert expected in error["detail"]
    assert error["detail"] in answer.json()["detail"]


def test_all_bad_parameters_are_named_at_once(client: Client) -> None:
    answer = client.get("/post/recommendations/", params={"id": "abc", "limit": "0"})
    assert [error["parameter"] for error in answer.json()["errors"]] == ["id", "limit"]


def test_a_missing_id_is_named(client: Client) -> None:
    answer = client.get("/post/recommendations/")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("id is missing; it must be a whole number")


def test_popular_posts_come_by_their_likes(client: Client, tables: duckdb.DuckDBPyConnection) -> None:
    expected = tables.execute("SELECT post_id FROM posts ORDER BY likes DESC, post_id LIMIT 7").fetchall()
    answer = client.get("/post/recommendations/popular", params={"limit": 7})
    assert ids(answer.json()) == [post_id for (post_id,) in expected]
    assert list(answer.json()[0]) == ["id", "text", "topic"]
