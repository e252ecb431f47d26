"""Replay against simulated networks, where the true worth of every list is known."""

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from core.settings import RankingSettings
from ranking.evaluate import evaluate
from ranking.exposure import exposure_table, verdicts
from ranking.judged_rows import JudgedRows
from ranking.replay import FEWEST_MATCHED, Replayed, like_rates, replay
from ranking.top_k import top_k
from simulation.settings import WorldSettings
from simulation.world import World, simulate
from tests.unit.ranking.toy_network import Known

END = datetime(2026, 1, 1, tzinfo=UTC)
CUT = (END - timedelta(days=7)).date()
NOON = datetime(CUT.year, CUT.month, CUT.day, 12)
K = 5


class Oracle:
    """The test arm knows the truth of the cut's noon, the control arm its opposite."""

    def __init__(self, world):
        truth = world.truth
        self.state = Known(truth.user_ids, truth.post_ids, truth.published(NOON - timedelta(hours=12)))
        self.chances = truth.like_probability(np.arange(len(truth.user_ids)), np.arange(len(truth.post_ids)), NOON)
        before = world.events.filter(pl.col("liked"), pl.col("event_time") < pl.lit(CUT).cast(pl.Datetime))
        self.liked = np.zeros(self.chances.shape, bool)
        self.liked[truth.user_rows(before["user_id"].to_numpy()), truth.post_rows(before["post_id"].to_numpy())] = True

    def score(self, arm, user_rows, when):
        return self.chances[user_rows] if arm == "test" else 1 - self.chances[user_rows]

    def already_liked(self, user_rows):
        return self.liked[user_rows]

    def considered(self, arm, user_rows):
        return ~self.already_liked(user_rows) & self.state.eligible

    def choose(self, arm, scores, limit):
        return top_k(scores, limit)

    def lists(self, arm, users):
        candidates = ~self.liked[users] & self.state.eligible
        return top_k(np.where(candidates, self.score(arm, users, NOON), -np.inf), K)


@cache
def world_of(seed: int) -> World:
    return simulate(WorldSettings(users=800, posts=150, days=21, events=100_000, seed=seed, ends_at=END))


def views_after_the_cut(world, kept=None):
    """Views of the days after the cut, without those of posts liked before, and views by post and day."""
    views = world.events.filter(pl.col("action") == "view")
    if kept is not None:
        views = views.filter(pl.Series(kept(views)))
    post_day = views.group_by("post_id", pl.col("event_time").dt.date().alias("day")).agg(
        pl.len().alias("views"), pl.col("liked").sum().alias("likes")
    )
    likes_before = pl.col("liked").cast(pl.Int64).cum_sum().over("user_id", "post_id") - pl.col("liked")
    tested = views.filter(likes_before == 0, pl.col("event_time") >= pl.lit(CUT).cast(pl.Datetime))
    return tested.with_columns(young=pl.lit(False), events_before=pl.lit(9)), post_day


def true_rate(world, views, oracle, arm):
    """Mean over the views of the mean true probability of their viewer's list at their moment."""
    truth = world.truth
    users = truth.user_rows(views["user_id"].to_numpy())
    posts = oracle.lists(arm, users)
    times = views["event_time"].to_numpy().repeat(K)
    return truth.like_probability_of_views(users.repeat(K), posts.ravel(), times).mean(dtype=np.float64)


def thinned(chance):
    """Keep a view with the probability that `chance` gives to its user's and its post's row."""

    def kept(world):
        def of_views(views):
            users = world.truth.user_rows(views["user_id"].to_numpy())
            posts = world.truth.post_rows(views["post_id"].to_numpy())
            return np.random.default_rng(1).random(len(views)) < chance(world.truth, users, posts)

        return of_views

    return kept


better_posts = thinned(lambda truth, users, posts: 1 / (1 + np.exp(-3 * truth.quality[posts])))
favourite_topics = thinned(lambda truth, users, posts: 1 / (1 + np.exp(-truth.affinity[users, truth.topic[posts]])))


def replayed(world, kept=None):
    views, post_day = views_after_the_cut(world, kept)
    oracle = Oracle(world)
    return views, oracle, evaluate(oracle, views, post_day, CUT, RankingSettings()).evaluation


def test_intervals_hold_the_truth_where_posts_are_shown_at_random():
    held, estimates = [], {"control": [], "test": []}
    for seed in range(8):
        views, oracle, evaluation = replayed(world_of(seed))
        assert evaluation.replay["believable"].all(), evaluation.exposure.to_dicts()
        for arm, errors in estimates.items():
            row = evaluation.replay.row(by_predicate=(pl.col("arm") == arm) & (pl.col("k") == K), named=True)
            truth = true_rate(world_of(seed), views, oracle, arm)
            held.append(row["low"] <= truth <= row["high"])
            errors.append(row["value"] - truth)
            assert row["matched"] >= FEWEST_MATCHED
    assert sum(held) >= len(held) - 3  # of 16 at 95 %, three or fewer miss in 99 of 100 tries
    for errors in estimates.values():
        assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors)) + 0.005


def test_the_lists_of_the_truth_earn_more_than_chance_and_those_of_its_opposite_less():
    _, _, evaluation = replayed(world_of(0))
    rates = {row["arm"]: row for row in evaluation.replay.filter(pl.col("k") == K).iter_rows(named=True)}
    assert rates["test"]["low"] > rates["random"]["high"]
    assert rates["random"]["low"] > rates["control"]["high"]


@pytest.mark.parametrize(("kept", "check"), [(better_posts, "dispersion"), (favourite_topics, "score")])
def test_exposure_that_prefers_posts_is_not_believed(kept, check):
    world = world_of(0)
    _, _, evaluation = replayed(world, kept(world))
    failed = evaluation.exposure.filter(~pl.col("passed"))
    assert check in failed["check"]
    told = evaluation.replay.filter(pl.col("arm") == "test")
    assert not told["believable"].any()
    assert told["verdict"].str.starts_with("do not believe it: posts").all()


def test_what_cannot_be_checked_is_not_believed():
    nothing = pl.DataFrame(schema={"post_id": pl.Int64, "day": pl.Date, "views": pl.Int64})
    table = exposure_table(nothing, CUT, {"test": np.full(3, np.nan)}, np.zeros(3, int), 2, seed=0)
    verdict = verdicts(table)["test"]
    assert not verdict.believable
    assert "too few views to tell" in verdict.words


def test_weights_undo_a_choice_among_more_posts():
    # user 0 sees a post of the list once among 10 and once among 30 posts, user 1 has a list of one
    views = pl.DataFrame({"user_id": [0, 0, 0, 1], "post_id": [0, 1, 2, 2], "liked": [True, False, True, True]})
    rows = JudgedRows.collect(views, np.arange(3), 9, seed=0)
    sums = replay(rows, np.array([[0, 1], [2, -1]]), 2, np.array([10, 30, 30, 30]))
    assert sums.rewards.tolist() == [5, 30]
    assert sums.weights.tolist() == [20, 30]
    assert sums.matched.tolist() == [2, 1]


def test_few_matches_give_no_estimate_and_no_like_gives_no_certainty():
    few = Replayed(np.array([1.0, 1.0]), np.array([2.0, 2.0]), np.array([2, 2]))
    none = Replayed(np.zeros(2), np.array([20.0, 20.0]), np.array([20, 20]))
    (undefined, low, high), (zero, at_least, at_most) = like_rates([few, none], seed=0)
    assert undefined.reason == "4 views are of a post on their viewer's list; at least 30 are needed"
    assert np.isnan([undefined.value, low, high]).all()
    assert (zero.value, at_least) == (0, 0)
    assert at_most == pytest.approx(0.0881, abs=1e-4)  # exact upper bound for 0 of 40
