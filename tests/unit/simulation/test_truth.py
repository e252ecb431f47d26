from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.columns import ACTION, EVENT_TIME, LIKE, LIKED, POST_ID, USER_ID, VIEW
from simulation.lexicon_topics import TOPIC_NAMES
from simulation.truth import Truth
from simulation.world import World


@pytest.fixture(scope="module")
def fresh_views(world: World) -> pl.DataFrame:
    """Views of posts that their user had not liked before, with the true probability of a like.

    Without the last hour, some of whose likes were still to come when the world ended.
    """
    liked_at = world.events.filter(pl.col(ACTION) == LIKE).select(USER_ID, POST_ID, liked_at=EVENT_TIME)
    views = world.events.filter(pl.col(ACTION) == VIEW).join(liked_at, on=[USER_ID, POST_ID], how="left")
    views = views.filter(
        pl.col("liked_at").is_null() | pl.col(LIKED) | (pl.col(EVENT_TIME) < pl.col("liked_at")),
        pl.col(EVENT_TIME) < world.settings.ends_at - timedelta(hours=1),
    )
    truth = world.truth
    rows = truth.user_rows(views[USER_ID].to_numpy()), truth.post_rows(views[POST_ID].to_numpy())
    true = truth.like_probability_of_views(*rows, views[EVENT_TIME].to_numpy())
    return views.with_columns(true=pl.Series(true), user_row=pl.Series(rows[0]), post_row=pl.Series(rows[1]))


def test_views_are_liked_as_often_as_the_truth_says_in_every_decile(fresh_views: pl.DataFrame) -> None:
    deciles = fresh_views.group_by(decile=(pl.col("true").rank("ordinal") - 1) * 10 // pl.len()).agg(
        pl.col("true").mean(), pl.col(LIKED).mean(), views=pl.len()
    )
    error = np.sqrt(deciles["true"] * (1 - deciles["true"]) / deciles["views"])
    assert ((deciles[LIKED] - deciles["true"]) / error).abs().max() < 4
    assert deciles["true"].max() > 10 * deciles["true"].min()


def test_both_ways_to_ask_give_the_same_probability(world: World) -> None:
    truth = world.truth
    users, posts = np.arange(20), np.arange(20, 40)
    when = datetime(2024, 2, 20, 17, 30)
    grid = truth.like_probability(users, posts, when)
    pairs = truth.like_probability_of_views(users, posts, np.full(20, np.datetime64(when, "us")))
    assert grid.dtype == pairs.dtype == np.float32
    np.testing.assert_allclose(np.diag(grid), pairs, rtol=1e-5)


def test_what_is_saved_comes_back_to_the_last_bit(world: World, tmp_path: Path) -> None:
    world.truth.save(tmp_path / "truth")
    loaded = Truth.load(tmp_path / "truth")
    everybody, everything = np.arange(len(world.users)), np.arange(len(world.posts))
    when = datetime(2024, 2, 20)
    np.testing.assert_array_equal(
        loaded.like_probability(everybody, everything, when), world.truth.like_probability(everybody, everything, when)
    )
    np.testing.assert_array_equal(loaded.published(when), world.truth.published(when))
    np.testing.assert_array_equal(loaded.user_ids, world.users[USER_ID])


def test_rows_are_found_by_id_and_unknown_ids_are_minus_one(world: World) -> None:
    ids = world.users[USER_ID].to_numpy()
    assert world.truth.user_rows(ids[[3, 0]]).tolist() == [3, 0]
    assert world.truth.post_rows(np.array([0, 10**12])).tolist() == [-1, -1]


def test_within_one_topic_taste_for_the_meaning_decides(world: World, fresh_views: pl.DataFrame) -> None:
    truth = world.truth
    sport = fresh_views.filter(pl.Series(truth.topic[fresh_views["post_row"]] == truth.topic[0]))
    taste = (truth.taste_start[sport["user_row"]] * truth.meaning[sport["post_row"]]).sum(axis=1)
    correlation = np.corrcoef(taste, sport[LIKED])[0, 1]
    assert correlation > 5 / np.sqrt(len(sport))


def test_without_taste_for_the_meaning_posts_of_a_topic_differ_by_quality_only(world: World) -> None:
    truth = world.truth
    nothing = np.zeros_like(truth.taste_start)
    indifferent = replace(truth, taste_start=nothing, taste_end=nothing, quality=np.zeros_like(truth.quality))
    same_topic = np.flatnonzero(truth.topic == truth.topic[0])
    chances = indifferent.like_probability(np.arange(50), same_topic, datetime(2024, 2, 20))
    np.testing.assert_allclose(chances, np.broadcast_to(chances[:, :1], chances.shape), rtol=1e-5)


def test_profiles_tell_something_about_topics(world: World) -> None:
    sport = world.truth.affinity[:, TOPIC_NAMES.index("sport")]
    male = world.users["gender"].to_numpy() == 1
    assert sport[male].mean() > sport[~male].mean() + 0.2


def test_taste_drifts_slowly_and_keeps_its_strength(world: World) -> None:
    truth = replace(world.truth, hour_effect=np.zeros_like(world.truth.hour_effect))
    everybody, everything = np.arange(len(world.users)), np.arange(len(world.posts))
    start = datetime(2024, 2, 10)

    def logits(days: int) -> np.ndarray:
        chance = truth.like_probability(everybody, everything, start + timedelta(days=days)).astype(float)
        return np.log(chance / (1 - chance)).ravel()

    first, next_day, last = logits(0), logits(1), logits(19)
    assert np.corrcoef(first, next_day)[0, 1] > 0.999
    assert 0.8 < np.corrcoef(first, last)[0, 1] < 0.97
    assert last.std() == pytest.approx(first.std(), rel=0.05)


def test_the_hour_matters_and_not_to_every_topic_alike(world: World) -> None:
    posts = np.arange(len(world.posts))
    morning, evening = (world.truth.like_probability(np.arange(1), posts, datetime(2024, 2, 20, h)) for h in (6, 18))
    assert (morning > evening).any()
    assert (morning < evening).any()
