"""Little to learn from is enough to serve from, and what cannot be judged is undefined with a reason."""

import math
from pathlib import Path

import duckdb
import pytest

from core.columns import ARMS
from ranking.baselines import BASELINES
from ranking.recommender import STATE_FILE
from tests.integration.small_network import Network, recommended

TWO_DAYS = "DELETE FROM feed_action WHERE post_id > 3; DELETE FROM post WHERE id > 3;"
NO_WORDS = "UPDATE post SET text = NULL, topic = NULL;"
# who sees the one post every few hours, and likes it in the end
ONE_OF_EACH = """
    CREATE TABLE "user" AS SELECT 1 AS id;
    CREATE TABLE post AS SELECT 1 AS id, 'The only one' AS text, 'life' AS topic;
    CREATE TABLE feed_action AS
        SELECT 1 AS user_id, 1 AS post_id, 'view' AS action, timestamp '2025-01-01' + interval '5 hours' * i AS time
        FROM generate_series(1, 50) AS i;
    INSERT INTO feed_action VALUES (1, 1, 'like', '2025-01-11 10:01'), (1, 1, 'view', '2025-01-11 12:00');
"""


@pytest.mark.parametrize(("change", "posts"), [(TWO_DAYS, 3), (NO_WORDS, 20)], ids=["two days", "no words"])
def test_a_network_with_little_to_say_is_served(network: Network, change: str, posts: int) -> None:
    network.execute(change)
    network.retrain(full=True)
    everything = set(range(1, posts + 1))
    with network.serve() as client:
        assert set(recommended(client, user_id=1)) == everything - {1, 5, 9, 13, 17}
        assert set(recommended(client, user_id=404)) == everything


def test_what_is_too_short_to_be_judged_is_undefined_with_a_reason(network: Network) -> None:
    network.execute(TWO_DAYS)
    published = network.retrain(full=True)
    with duckdb.connect(str(published.folder / STATE_FILE), read_only=True) as snapshot:
        evaluation = snapshot.execute("SELECT value, reason FROM evaluation").fetchall()
    assert len(evaluation) == len(ARMS) + len(BASELINES)
    assert all(math.isnan(value) and "before the cut at 2024-12-30" in reason for value, reason in evaluation)
    with network.serve() as client:
        assert client.get("/snapshot").json()["metrics"]["test"] == {"hitrate@5_all": None}
    assert network.refresh().manifest.metrics == published.manifest.metrics


def test_one_user_and_one_post_are_a_network(postgres: str, tmp_path: Path) -> None:
    network = Network.create(postgres, tmp_path / "home", ONE_OF_EACH)
    network.retrain()
    network.refresh()
    with network.serve() as client:
        assert recommended(client, user_id=1) == [], "the only post is liked already"
        assert recommended(client, user_id=2) == [1]
        assert client.get("/post/1/similar").json() == []
        assert [post["id"] for post in client.get("/post/recommendations/popular").json()] == [1]
