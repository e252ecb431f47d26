"""`explain=true`: the same posts in the same order, each with why it is there."""

import math
from typing import Any

import duckdb
import numpy as np
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from core.columns import ARMS
from ranking.sources import SOURCES

Client = TestClient[Litestar]
UNKNOWN_USER = 2**63 - 1
TIME = "2021-12-20T18:00:00"


def asked(client: Client, user_id: int, **parameters: Any) -> bytes:
    answer = client.get("/post/recommendations/", params={"id": user_id, "time": TIME, "limit": 10, **parameters})
    assert answer.status_code == 200
    return answer.content


def explained(client: Client, user_id: int) -> tuple[str, list[dict[str, Any]]]:
    answer = client.get("/post/recommendations/", params={"id": user_id, "time": TIME, "limit": 10, "explain": "true"})
    return answer.json()["exp_group"], answer.json()["recommendations"]


@pytest.mark.parametrize("user_id", [1, 2, 60, UNKNOWN_USER])
def test_explaining_changes_nothing_but_adds_an_explanation(client: Client, user_id: int) -> None:
    plain = asked(client, user_id)
    assert b"explanation" not in plain
    assert plain == asked(client, user_id, explain="false")
    arm, posts = explained(client, user_id)
    for post in posts:
        explanation = post.pop("explanation")
        assert list(explanation) == ["source", "propensity", "score", "reasons", "similar_liked"]
        assert explanation["source"] in {*SOURCES, "all posts"}
        assert explanation["propensity"] == 1
        assert 0 < explanation["score"] < 1
        sizes = [abs(reason["contribution"]) for reason in explanation["reasons"]]
        assert len(sizes) == 5
        assert sizes == sorted(sizes, reverse=True)
        assert all(math.isfinite(size) for size in sizes)
    assert {"exp_group": arm, "recommendations": posts} == client.get(
        "/post/recommendations/", params={"id": user_id, "time": TIME, "limit": 10}
    ).json()


def test_similar_posts_are_the_nearest_of_those_the_user_liked(
    client: Client, tables: duckdb.DuckDBPyConnection
) -> None:
    seen = set()
    for user_id in range(1, 9):
        arm, posts = explained(client, user_id)
        seen.add(arm)
        liked = tables.execute(
            f"SELECT post_id, vector FROM user_likes JOIN text_{arm} USING (post_id) WHERE user_id = ?", [user_id]
        ).fetchall()
        vectors = dict(tables.execute(f"SELECT post_id, vector FROM text_{arm}").fetchall())
        for post in posts:
            cosines = sorted(((float(np.dot(vectors[post["id"]], v)), -i) for i, v in liked), reverse=True)
            expected = [(-i, pytest.approx(cosine, abs=1e-5)) for cosine, i in cosines[:3] if cosine > 1e-6]
            similar = post["explanation"]["similar_liked"]
            assert [(one["id"], one["similarity"]) for one in similar] == expected
    assert seen == set(ARMS)


def test_topics_are_named_and_a_newcomer_has_no_similar_posts(client: Client) -> None:
    _, posts = explained(client, UNKNOWN_USER)
    assert all(post["explanation"]["similar_liked"] == [] for post in posts)
    for user_id in range(1, 9):
        for post in explained(client, user_id)[1]:
            told = " ".join(reason["reason"] for reason in post["explanation"]["reasons"])
            assert "{" not in told
            assert ("topic " in told) <= (f"topic {post['topic']}" in told or post["topic"] is None)


def test_explain_must_be_true_or_false(client: Client) -> None:
    answer = client.get("/post/recommendations/", params={"id": 1, "explain": "maybe"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "parameter": "explain",
            "value": "maybe",
            "detail": "explain='maybe' is not accepted; it must be true or false",
        }
    ]


def test_the_schema_shows_an_explanation(client: Client) -> None:
    schemas = client.get("/schema/openapi.json").json()["components"]["schemas"]
    assert "explanation" not in schemas["RecommendedPost"]["required"]
    assert "explanation" not in schemas["Post"]["properties"]
    explanation = schemas["Explanation"]["properties"]
    assert explanation["reasons"]["examples"][0][0].keys() == {"reason", "contribution"}
    assert explanation["similar_liked"]["examples"][0][0].keys() == {"id", "similarity"}
