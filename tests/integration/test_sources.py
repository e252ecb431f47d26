"""Candidates from sources in the recommender, the service and the snapshot: staged, explored, told."""

from datetime import datetime, timedelta

import duckdb
import numpy as np
import pytest
from litestar.testing import TestClient

from api.app import create_app
from core.columns import ARMS
from core.settings import RankingSettings, Settings
from experiments.assignment import assign
from experiments.kept_plan import known_plan
from ranking.baselines import neighbour_scores
from ranking.candidates import EXPLORATION, SOURCE_NAMES
from ranking.lists import Lists
from ranking.recommender import STATE_FILE, Recommender
from ranking.sources import SOURCES
from tests.integration.small_world import POSTS, USERS
from warehouse.snapshots import current

NOON = datetime(2021, 12, 12, 12)
LIMIT = 10
EVER = timedelta(days=30)  # the small world lasts ten days: all of it is fresh
STAGED = RankingSettings(exhaustive_up_to=0, candidates_per_source=15)


def opened(published: Settings, ranking: RankingSettings) -> Recommender:
    return Recommender.open(current(published).folder, ranking=ranking)


def test_staged_lists_are_the_best_of_the_candidates(published: Settings) -> None:
    recommender, users = opened(published, STAGED), np.arange(-1, USERS)
    for arm in ARMS:
        source = recommender.candidates(arm, users)
        assert 0 < np.count_nonzero(source, axis=1).max() < POSTS
        assert not (source.astype(bool) & recommender.already_liked(users)).any()
        scores = recommender.score(arm, users, NOON)
        lists = recommender.rank(arm, users, NOON, LIMIT)
        expected = recommender.choose(arm, np.where(recommender.considered(arm, users), scores, -np.inf), LIMIT)
        np.testing.assert_array_equal(lists.posts, expected)
        np.testing.assert_allclose(lists.scores, np.take_along_axis(scores, expected, axis=1), rtol=1e-5)
        np.testing.assert_array_equal(lists.sources, np.take_along_axis(source, expected, axis=1))
        assert (lists.propensities == 1).all()


def test_as_many_candidates_as_posts_lose_nothing(published: Settings) -> None:
    users = np.arange(-1, USERS)
    everything = opened(published, RankingSettings(candidates_per_source=0)).rank("test", users, NOON, POSTS)
    told = opened(published, RankingSettings()).rank("test", users, NOON, POSTS)
    staged = opened(published, RankingSettings(exhaustive_up_to=0, candidates_per_source=POSTS))
    lists = staged.rank("test", users, NOON, POSTS)
    for other in (told, lists):
        np.testing.assert_array_equal(other.posts, everything.posts)
        np.testing.assert_allclose(other.scores, everything.scores, rtol=1e-5)
    assert not everything.sources.any()
    assert lists.sources[lists.posts >= 0].all()
    assert set(np.unique(told.sources)) > {0, 1}
    np.testing.assert_array_equal(everything.propensities, np.where(everything.posts < 0, np.nan, 1))


def test_a_list_longer_than_a_source_brings_is_filled_all_the_same(published: Settings) -> None:
    few = opened(published, RankingSettings(exhaustive_up_to=0, candidates_per_source=1))
    posts = few.rank("control", np.arange(-1, USERS), NOON, 40).posts
    assert (posts >= 0).all()


def test_a_user_without_likes_is_served_by_what_needs_none(published: Settings) -> None:
    recommender = opened(published, STAGED)
    answer = recommender.recommend("test", -5, NOON, LIMIT)
    assert len(answer.post_ids) == LIMIT
    assert set(answer.sources) <= {"factors", "topics", "trending", "fresh"}
    assert {*SOURCE_NAMES[1:-1]} == {*SOURCES}


def test_the_service_explores_as_the_batch_does_and_tells_it(published: Settings) -> None:
    ranking = STAGED.model_copy(update={"explore": 0.6, "fresh_for": EVER})
    recommender, batch = opened(published, ranking), {}
    for arm in ARMS:
        ids = recommender.state.user_ids
        batch[arm] = recommender.show(arm, np.arange(USERS), ids, NOON, 5)
    explored = 0
    with TestClient(create_app(published.model_copy(update={"ranking": ranking}))) as client:
        for user_id in range(1, 25):
            parameters = {"id": user_id, "time": "2021-12-12T12:59:00", "limit": 5, "explain": True}
            answer = client.get("/post/recommendations/", params=parameters).json()["recommendations"]
            expected = of_user(batch[assign(known_plan(published), user_id).arm], user_id - 1)
            assert [post["id"] for post in answer] == recommender.state.post_ids[expected.posts].tolist()
            told = [post["explanation"] for post in answer]
            assert [one["source"] for one in told] == [SOURCE_NAMES[number] for number in expected.sources]
            assert [one["propensity"] for one in told] == expected.propensities.tolist()
            assert [one["score"] for one in told] == pytest.approx(expected.scores.tolist(), rel=1e-6)
            assert all(one["propensity"] == 1 and one["source"] != EXPLORATION for one in told[:-1])
            explored += told[-1]["source"] == EXPLORATION
            assert told[-1]["propensity"] == pytest.approx(0.4) or told[-1]["source"] == EXPLORATION
    assert 5 < explored < 20


def test_an_explored_post_has_the_score_of_its_ranker(published: Settings) -> None:
    ranking = RankingSettings(explore=1.0, fresh_for=EVER, exhaustive_up_to=0, candidates_per_source=2)
    recommender, users = opened(published, ranking), np.arange(USERS)
    lists = recommender.show("test", users, recommender.state.user_ids, NOON, 3)
    scores = recommender.score("test", users, NOON)
    np.testing.assert_allclose(lists.scores, np.take_along_axis(scores, lists.posts, axis=1), rtol=1e-5)
    assert (lists.sources[:, -1] == SOURCE_NAMES.index(EXPLORATION)).all()
    assert not np.take_along_axis(recommender.already_liked(users), lists.posts, axis=1).any()


def test_the_snapshot_keeps_source_and_propensity(published: Settings) -> None:
    with duckdb.connect(str(current(published).folder / STATE_FILE), read_only=True) as snapshot:
        rows = snapshot.sql("SELECT source, propensity FROM recommendations").pl()
        named = snapshot.sql("FROM recommend(1, n := 3)").pl()
        neighbours = snapshot.sql("SELECT count(*) FROM post_neighbours WHERE post_id <> neighbour_id").fetchone()
    assert set(rows["source"]) <= {*SOURCE_NAMES}
    assert len(set(rows["source"])) > 2
    assert (rows["propensity"] == 1).all()
    assert {"source", "propensity"} <= {*named.columns}
    assert neighbours is not None
    assert neighbours[0] > POSTS


def test_neighbours_alone_are_a_baseline(published: Settings) -> None:
    recommender = opened(published, STAGED)
    scores = neighbour_scores(recommender.state, np.array([-1, 0, 1]))
    assert scores.shape == (3, POSTS)
    assert not scores[0].any()
    assert (np.count_nonzero(scores[1:], axis=1) > 20).all()


def of_user(lists: Lists, row: int) -> Lists:
    return Lists(*(values[row] for values in lists))
