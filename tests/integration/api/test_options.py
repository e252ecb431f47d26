"""What a request may want: a topic, some posts left out, a moment in the past, many users at once."""

import shutil
from datetime import timedelta
from typing import Any

import duckdb
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from core.settings import Settings
from ranking.recommender import STATE_FILE
from tests.integration.small_world import END, USERS
from warehouse.snapshots import ManifestBody, current, draft, publish

Client = TestClient[Litestar]
PATH = "/post/recommendations"


def ids(answer: Any) -> list[int]:
    return [post["id"] for post in answer.json()["recommendations"]]


@pytest.mark.parametrize("user_id", [1, 17, 10**9])
def test_a_topic_is_kept_to_and_its_best_come_first(client: Client, user_id: int) -> None:
    everything = client.get(PATH, params={"id": user_id, "limit": 100, "time": END.isoformat()}).json()
    of_topic = client.get(PATH, params={"id": user_id, "limit": 5, "time": END.isoformat(), "topic": "topic 2"}).json()
    expected = [post for post in everything["recommendations"] if post["topic"] == "topic 2"][:5]
    assert of_topic["recommendations"] == expected
    assert len(expected) == 5


def test_posts_left_out_give_their_places_to_the_next(client: Client) -> None:
    asked = {"id": 3, "limit": 20, "time": END.isoformat()}
    everything = ids(client.get(PATH, params=asked))
    left_out = [everything[0], everything[2], 10**15]
    assert ids(client.get(PATH, params={**asked, "limit": 18, "exclude": left_out})) == [
        post for post in everything if post not in left_out
    ]
    most = client.get(PATH, params={"id": 3, "exclude": list(range(1, 1001))})
    assert ids(most) == []  # every post of the small world
    refused = client.get(PATH, params={"id": 3, "exclude": list(range(1_001))})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["parameter"] == "exclude"
    assert "1000" in refused.json()["detail"]


def test_staged_options_keep_to_what_is_wanted(published: Settings) -> None:
    staged = published.ranking.model_copy(update={"exhaustive_up_to": 0, "candidates_per_source": 8})
    with TestClient(create_app(published.model_copy(update={"ranking": staged}))) as client:
        for user_id in range(1, 12):
            asked = {"id": user_id, "limit": 5, "time": END.isoformat()}
            first = ids(client.get(PATH, params=asked))
            others = ids(client.get(PATH, params={**asked, "exclude": first}))
            assert len(others) == 5
            assert not {*first} & {*others}
            answer = client.get(PATH, params={**asked, "topic": "topic 1"}).json()["recommendations"]
            assert {post["topic"] for post in answer} == {"topic 1"}


def test_a_batch_answers_as_single_requests_do(client: Client) -> None:
    users = [5, 1, 10**9, USERS, 5]
    body = {"ids": users, "limit": 7, "time": END.isoformat()}
    batch = client.post(f"{PATH}/batch", json=body)
    assert batch.status_code == 200
    assert [one["id"] for one in batch.json()] == users
    for one in batch.json():
        single = client.get(PATH, params={"id": one["id"], "limit": 7, "time": END.isoformat()}).json()
        assert {key: one[key] for key in single} == single
    narrow = client.post(f"{PATH}/batch", json={**body, "topic": "topic 3", "exclude": [3, 7]}).json()
    shown = [post for one in narrow for post in one["recommendations"]]
    assert {post["topic"] for post in shown} == {"topic 3"}
    assert not {3, 7} & {post["id"] for post in shown}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "ids"),
        ({"ids": []}, "ids"),
        ({"ids": [1] * 1001}, "ids"),
        ({"ids": [2**63]}, "ids[0]"),
        ({"ids": ["a"]}, "ids[0]"),
        ({"ids": [1], "limit": 0}, "limit"),
        ({"ids": [1], "limit": 101}, "limit"),
        ({"ids": [1], "time": "soon"}, "time"),
        ({"ids": [1], "time": "0001-01-01"}, "time"),
        ({"ids": [1], "topic": "nonsense"}, "topic"),
        ({"ids": [1], "exclude": [1] * 1001}, "exclude"),
        ({"ids": [1], "nonsense": 1}, "nonsense"),
        ([1], "body"),
    ],
)
def test_a_bad_batch_is_told_which_field(client: Client, body: Any, field: str) -> None:
    answer = client.post(f"{PATH}/batch", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), answer.text
    assert [bad["parameter"] for bad in answer.json()["errors"]] == [field]


def test_a_moment_in_the_past_is_answered_by_what_was_known_then(home: Settings) -> None:
    before = current(home)
    watermark, later = before.manifest.watermark, before.manifest.watermark + timedelta(days=3)
    with draft(home) as folder:
        shutil.copytree(before.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("manifest.json"))
        with duckdb.connect(str(folder / STATE_FILE)) as con:
            con.execute("UPDATE post_text SET text = 'edited since'")
        told = {name: getattr(before.manifest, name) for name in ManifestBody.__struct_fields__}
        after = publish(home, folder, ManifestBody(**{**told, "watermark": later}))
    with TestClient(create_app(home)) as client:
        now = client.get(PATH, params={"id": 1, "time": later.isoformat()})
        then = client.get(PATH, params={"id": 1, "time": watermark.isoformat()})
        assert (now.headers["X-Snapshot-Id"], then.headers["X-Snapshot-Id"]) == (after.id, before.id)
        assert ids(now) == ids(then)
        assert {post["text"] for post in now.json()["recommendations"]} == {"edited since"}
        assert "edited since" not in then.text
        never = client.get(PATH, params={"id": 1, "time": "2021-11-30T00:00:00"})
        assert never.status_code == 400
        assert never.json()["errors"][0]["parameter"] == "time"
        assert watermark.strftime("%Y-%m-%dT%H:%M") in never.json()["detail"]
        batch = client.post(f"{PATH}/batch", json={"ids": [1], "time": watermark.isoformat()}).json()
        assert [post["id"] for post in batch[0]["recommendations"]] == ids(then)
