"""How good are the top five of each arm, between posts at random and the truth?

In a simulated network the true probability of every like is known. Each way of ranking picks five of the posts that a
user has not liked yet; what counts is their mean true probability of a like at the busiest hour after the last event,
as a share of the way from picking at random (0) to picking by the truth (1). Nobody can know the truth: `reachable` is
what a learner could do who is told everything but the users, see `benchmarks.reachable`.

The worlds differ in seed, in how much texts drive taste, and in how many events a user has. Rankers are fitted, states
built and posts ranked by the very code of a nightly run, without PostgreSQL.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from benchmarks.reachable import reachable_logits
from benchmarks.report import Row, report
from benchmarks.world import load_world
from core.columns import ARMS
from core.settings import Settings
from features.catalog import POST, TOPIC_PAIR
from features.serving_state import ServingState, build_state
from ranking.baselines import decayed_popular_scores, neighbour_scores, popular_scores
from ranking.pipeline import load_inputs
from ranking.rankers import fit_rankers
from ranking.recommender import Recommender
from ranking.top_k import top_k
from simulation.settings import WorldSettings
from simulation.world import World, simulate
from warehouse.connection import connect

TOP = 5
BUSIEST_HOUR = timedelta(hours=17)  # of the simulated feed, UTC
RESAMPLES = 1_000
DEFAULT = WorldSettings(ends_at=datetime(2026, 1, 1, tzinfo=UTC))
WORLDS = {
    "seed 0": DEFAULT,
    "seed 1": replace(DEFAULT, seed=1),
    "seed 2": replace(DEFAULT, seed=2),
    "no taste in texts": replace(DEFAULT, text_strength=0.0),
    "strong taste in texts": replace(DEFAULT, text_strength=1.2),
    "few events": replace(DEFAULT, events=250_000),
    "many events": replace(DEFAULT, events=2_000_000),
}


@dataclass
class Outcome:
    """What came of one world: mean true probability of each user's top five by ranking, and of posts at random."""

    at_random: NDArray[np.float64]  # (U,)
    by: dict[str, NDArray[np.float64]] = field(default_factory=dict)  # (U,)

    def share(self, name: str) -> tuple[float, float, float]:
        """How far `name` comes from random to the oracle, with a 95 % interval over resampled users."""
        users = len(self.at_random)
        gains = np.stack([self.by[name] - self.at_random, self.by["oracle"] - self.at_random], axis=1)
        drawn = np.random.default_rng(0).multinomial(users, np.full(users, 1 / users), size=RESAMPLES) @ gains
        low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
        gain, best = gains.sum(axis=0)
        return float(gain / best), float(low), float(high)


def fitted(con: duckdb.DuckDBPyConnection, settings: Settings) -> Recommender:
    """Both arms fitted on everything in the warehouse, with the state that a nightly run would publish."""
    inputs = load_inputs(con, settings)
    everything = np.ones(len(inputs.posts.ids), dtype=np.bool_)
    until = inputs.watermark + timedelta(microseconds=1)
    rankers = fit_rankers(con, inputs.posts, inputs.embeddings, everything, until, settings)
    spaces = rankers.spaces(inputs.posts, inputs.embeddings)
    half_life = settings.ranking.popularity_half_life
    state = build_state(
        con,
        inputs.posts,
        spaces,
        rankers.codebook,
        rankers.layout,
        inputs.cut,
        everything,
        rankers.neighbours,
        half_life,
    )
    return Recommender(state, rankers.models, settings.threads)


def judge(world: World, con: duckdb.DuckDBPyConnection, recommender: Recommender, settings: Settings) -> Outcome:
    """Let every ranking pick for every user, and look up what the picks are worth."""
    state, when = recommender.state, world.settings.ends_at + BUSIEST_HOUR
    users = np.arange(len(state.user_ids))
    truth = world.truth.like_probability(users, np.arange(len(state.post_ids)), when)  # (U, P)
    excluded = recommender.already_liked(users) | ~state.eligible
    outcome = Outcome(np.where(excluded, np.nan, truth).mean(axis=1, where=~excluded, dtype=np.float64))

    def judge_scores(name: str, scores: NDArray[np.floating]) -> None:
        judge_picks(name, top_k(np.where(excluded, -np.inf, scores), TOP))

    def judge_picks(name: str, picks: NDArray[np.int64]) -> None:
        outcome.by[name] = np.take_along_axis(truth, picks, axis=1).mean(axis=1, dtype=np.float64)

    for arm in ARMS:
        judge_picks(arm, recommender.rank(arm, users, when, TOP)[0])
    post_day = con.sql("SELECT post_id, day, likes FROM features.post_day").pl()
    half_life = settings.ranking.popularity_half_life
    judge_scores("popular", popular_scores(post_day, state.post_ids, state.cut)[None])
    judge_scores("decayed popular", decayed_popular_scores(post_day, state.post_ids, state.cut, half_life)[None])
    judge_scores("neighbours", neighbour_scores(state, users))
    judge_scores("topic, like rate", topic_times_like_rate(state))
    judge_scores("reachable", reachable_logits(world, when))
    judge_scores("oracle", truth)
    return outcome


def topic_times_like_rate(state: ServingState) -> NDArray[np.float32]:
    """The user's like rate in the post's topic, times how the post does within its topic. (U, P)"""
    columns = [spec.name for spec in POST]
    rate, of_topic = (state.posts.values[:, columns.index(name)] for name in ("post_like_rate", "topic_like_rate"))
    of_user = state.users.topics[:-1, :, [spec.name for spec in TOPIC_PAIR].index("pair_topic_like_rate")]
    scores: NDArray[np.float32] = of_user[:, state.posts.topic_rows] * (rate / of_topic)
    return scores


def main() -> int:
    """Judge every world; 1 when a bound does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one world only")
    parser.add_argument("--world", choices=WORLDS, action="append", help="this world only; may be given again")
    arguments = parser.parse_args()
    names = arguments.world or (["seed 0"] if arguments.quick else list(WORLDS))
    rows = []
    with tempfile.TemporaryDirectory(prefix="feedrank-quality-") as home:
        settings = Settings(home=Path(home))
        with connect(settings) as con:
            for name in names:
                start = time.perf_counter()
                world = simulate(WORLDS[name])
                load_world(con, world)
                outcome = judge(world, con, fitted(con, settings), settings)
                rows += [*rows_of(name, outcome), Row(f"{name}: time", time.perf_counter() - start, "s")]
    return 0 if report("quality", rows) else 1


def rows_of(world: str, outcome: Outcome) -> list[Row]:
    """Shares of every ranking with their intervals, and of the arms within the reachable."""
    rows = []
    for name in outcome.by:
        share, low, high = outcome.share(name)
        rows.append(Row(f"{world}: {name}", share, f"[{low:.3f}, {high:.3f}]"))
    reachable = outcome.share("reachable")[0]
    rows += [Row(f"{world}: {arm} of reachable", outcome.share(arm)[0] / reachable, "share") for arm in ARMS]
    return rows


if __name__ == "__main__":
    sys.exit(main())
