"""What does variety cost? Lists of five under several settings of `ranking.diversity`, beside quotas by topic.

In a simulated network, rankers are trained before the last week and recommend at its first noon. For each way of
choosing a list: the true probability of a like of its posts and the hitrate in that week (what it costs), the mean
distance between its posts in the arm's text space and the number of its topics (what it buys). The loss is that of the
same users' lists by score alone, with a 95 % interval over resampled users.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.report import Row, report
from benchmarks.world import load_world
from benchmarks.yardstick import worth as worth_of
from core.columns import ARMS, LIKED, POST_ID, USER_ID
from core.settings import Settings
from features.serving_state import ServingState, build_state
from features.training_set import labelled_views
from ranking.diversity import CANDIDATES, intra_list_distance, rerank, topics_shown
from ranking.intervals import bootstrap_means
from ranking.pipeline import load_inputs
from ranking.rankers import fit_rankers
from ranking.recommender import Recommender
from ranking.split import global_cut
from simulation.settings import WorldSettings
from simulation.world import World, simulate
from warehouse.connection import connect

WORLD = WorldSettings(users=2_000, posts=1_000, events=400_000, ends_at=datetime(2026, 1, 1, tzinfo=UTC))
TOP = 5
DIVERSITIES = (0.1, 0.2, 0.3, 0.5, 1.0)
QUOTAS = (3, 2, 1)  # posts of one topic
BY_SCORE, MILD = "by score", "diversity 0.1"


def main() -> bool:
    """Measure both arms; True when every bound holds."""
    world = simulate(WORLD)
    with tempfile.TemporaryDirectory(prefix="feedrank-diversity-") as home:
        settings = Settings(home=Path(home))
        with connect(settings) as con:
            load_world(con, world)
            recommender, week = _trained_before_the_last_week(con, settings)
    return report("diversity", [row for arm in ARMS for row in _judge(arm, world, recommender, week)])


def _trained_before_the_last_week(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> tuple[Recommender, pl.DataFrame]:
    """Both arms as the evaluation fits them, and the labelled views after the cut."""
    inputs = load_inputs(con, settings)
    cut = global_cut(inputs.watermark, settings.ranking.test_days)
    start = datetime.combine(cut, datetime.min.time())
    known = inputs.posts.seen_before(np.datetime64(cut))
    rankers = fit_rankers(con, inputs.posts, inputs.embeddings, known, cut, start, settings)
    basis = rankers.basis(inputs.posts, inputs.embeddings, settings)
    state = build_state(con, basis, rankers.layout, cut, known)
    views = labelled_views(con, start, inputs.watermark, settings.features.attribution_window)
    return Recommender(state, rankers.models, settings.threads), views


def _judge(arm: str, world: World, recommender: Recommender, week: pl.DataFrame) -> list[Row]:
    state = recommender.state
    users, noon = np.arange(len(state.user_ids)), datetime.combine(state.cut, datetime.min.time()) + timedelta(hours=12)
    vectors = state.spaces[arm].vectors
    truth = world.truth.like_probability(users, np.arange(len(state.post_ids)), noon)  # (U, P)
    liked = _liked(state, week)  # (U, P)
    could_hit = (liked & state.eligible & ~recommender.already_liked(users)).any(axis=1)
    lists = recommender.rank(arm, users, noon, CANDIDATES)
    best, scores = lists.posts, lists.scores
    ways: dict[str, Callable[[], NDArray[np.int64]]] = {BY_SCORE: lambda: best[:, :TOP]}
    for diversity in DIVERSITIES:
        ways[f"diversity {diversity}"] = partial(rerank, best, scores, vectors, TOP, diversity)
    for quota in QUOTAS:
        ways[f"at most {quota} of a topic"] = partial(_topic_quota, best, state.posts.topic_rows, quota)
    rows, worth, distance, seconds = [], {}, {}, {}
    for way, choose in ways.items():
        started = time.perf_counter()
        shown = choose()
        seconds[way] = time.perf_counter() - started
        worth[way] = worth_of(truth, shown)
        distance[way] = intra_list_distance(shown, vectors).mean()
        low, high = bootstrap_means((worth[BY_SCORE] - worth[way])[:, None], seed=0)
        hits = np.asarray(np.take_along_axis(liked, shown, axis=1).any(axis=1))
        loss = "" if way == BY_SCORE else f"loss {low[0]:.4f} to {high[0]:.4f}"
        rows += [
            Row(f"{arm}, {way}: true probability", float(worth[way].mean()), loss),
            Row(f"{arm}, {way}: hitrate@{TOP}", float(hits[could_hit].mean()), "share of users"),
            Row(f"{arm}, {way}: distance", float(distance[way]), "1 - cosine"),
            Row(f"{arm}, {way}: topics", float(topics_shown(shown, state.posts.topic_rows).mean()), f"of {TOP} posts"),
        ]
    kept, gained = worth[MILD].mean() / worth[BY_SCORE].mean(), distance[MILD] / distance[BY_SCORE]
    return [
        *rows,
        Row(f"{arm}, {MILD} / {BY_SCORE}: true probability", float(kept), "ratio", ">= 0.99"),
        Row(f"{arm}, {MILD} / {BY_SCORE}: distance", float(gained), "ratio", "> 1.02"),
        Row(f"{arm}, {MILD}: time", 1e6 * seconds[MILD] / len(users), "µs a user"),
    ]


def _liked(state: ServingState, week: pl.DataFrame) -> NDArray[np.bool_]:
    likes = week.filter(pl.col(LIKED))
    liked = np.zeros((len(state.user_ids), len(state.post_ids)), np.bool_)
    user_rows = np.searchsorted(state.user_ids, likes[USER_ID].to_numpy())
    liked[user_rows, np.searchsorted(state.post_ids, likes[POST_ID].to_numpy())] = True
    return liked


def _topic_quota(best: NDArray[np.int64], topic_rows: NDArray[np.int64], quota: int) -> NDArray[np.int64]:
    """The other way to vary lists: by score, but posts beyond the quota of their topic go behind all others."""
    topics = topic_rows[best]  # (U, m)
    so_far = np.cumsum(topics[:, :, None] == np.arange(topics.max() + 1), axis=1)  # (U, m, T)
    place_in_topic = np.take_along_axis(so_far, topics[:, :, None], axis=2)[:, :, 0]
    order = np.argsort(place_in_topic > quota, axis=1, kind="stable")
    return np.take_along_axis(best, order[:, :TOP], axis=1)


if __name__ == "__main__":
    sys.exit(not main())
