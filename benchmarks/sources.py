"""What do candidates from sources lose against scoring every post, and what do they save?

In the simulated network of `benchmarks.quality` the true probability of every like is known. Both arms recommend five
posts to every user at the busiest hour, from every post and from 20 to 200 candidates a source. Recall is the share of
the exhaustive five that are among the candidates; the loss is in the mean true probability of the five, with a 95 %
interval over resampled users. Times are processor time on one thread: of single requests, and of all users in bulk.
"""

import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np

from benchmarks.quality import BUSIEST_HOUR, fitted
from benchmarks.report import Row, report
from benchmarks.world import SMALL, load_world
from benchmarks.yardstick import TOP, worth
from core.columns import ARMS
from core.settings import RankingSettings, Settings
from ranking.candidates import SOURCE_NAMES
from ranking.intervals import bootstrap_means
from ranking.recommender import Recommender
from simulation.world import World, simulate
from warehouse.connection import connect

PER_SOURCE = (20, 40, 60, 100)
REQUESTS = 300
EXPLORE = 0.1


def main() -> bool:
    """Measure both arms; True when every bound holds."""
    world = simulate(SMALL)
    with tempfile.TemporaryDirectory(prefix="feedrank-sources-") as home:
        settings = Settings(home=Path(home))
        with connect(settings) as con:
            load_world(con, world)
            standing = fitted(con, settings)
    return report("sources", [row for arm in ARMS for row in _judge(arm, world, standing)])


def _judge(arm: str, world: World, standing: Recommender) -> list[Row]:
    state, when = standing.state, world.settings.ends_at + BUSIEST_HOUR
    users = np.arange(len(state.user_ids))
    truth = world.truth.like_probability(users, np.arange(len(state.post_ids)), when)  # (U, P)

    every = _under(standing, RankingSettings(candidates_per_source=0))
    best = every.rank(arm, users, when, TOP).posts
    rows = [
        Row(f"{arm}, every post: true probability", float(worth(truth, best).mean()), f"of {TOP} posts"),
        *_times(f"{arm}, every post", every, arm, when),
    ]
    for count in PER_SOURCE:
        name = f"{arm}, {count} a source"
        staged = _under(standing, RankingSettings(exhaustive_up_to=0, candidates_per_source=count))
        found = staged.candidates(arm, users)
        lists = staged.rank(arm, users, when, TOP)
        low, high = bootstrap_means((worth(truth, best) - worth(truth, lists.posts))[:, None], seed=0)
        recall = float((np.take_along_axis(found, best, axis=1) > 0).mean())
        loss = f"loss {low[0]:.4f} to {high[0]:.4f}"
        rows += [
            Row(f"{name}: candidates", float(np.count_nonzero(found, axis=1).mean()), f"of {len(state.post_ids)}"),
            Row(f"{name}: recall", recall, f"of the exhaustive {TOP}", ">= 0.9" if count >= 100 else None),
            Row(f"{name}: true probability", float(worth(truth, lists.posts).mean()), loss),
            *_times(name, staged, arm, when),
        ]
    default = _under(standing, RankingSettings())
    rows += _times(f"{arm}, every post, sources told", default, arm, when)
    told = default.rank(arm, users, when, TOP).sources
    shares = np.bincount(told.ravel(), minlength=len(SOURCE_NAMES)) / told.size
    rows += [Row(f"{arm}, from {name}", float(shares[i]), "share of posts") for i, name in enumerate(SOURCE_NAMES)]
    exploring = _under(standing, RankingSettings(explore=EXPLORE)).show(arm, users, state.user_ids, when, TOP)
    explored = worth(truth, exploring.posts)
    low, high = bootstrap_means((worth(truth, best) - explored)[:, None], seed=0)
    loss = f"loss {low[0]:.4f} to {high[0]:.4f}"
    return [
        *rows,
        Row(f"{arm}, explore {EXPLORE}: true probability", float(explored.mean()), loss),
    ]


def _under(standing: Recommender, ranking: RankingSettings) -> Recommender:
    return Recommender(standing.state, standing.rankers, 1, ranking)


def _times(name: str, recommender: Recommender, arm: str, when: datetime) -> list[Row]:
    users = np.arange(len(recommender.state.user_ids))
    spent = []
    for row in np.random.default_rng(0).choice(users, REQUESTS + 1):
        start = time.process_time()
        recommender.rank(arm, np.array([row]), when, TOP)
        spent.append(time.process_time() - start)
    start = time.process_time()
    recommender.rank(arm, users, when, TOP)
    bulk = time.process_time() - start
    return [
        Row(f"{name}: request", 1e3 * float(np.median(spent[1:])), "ms"),
        Row(f"{name}: in bulk", 1e3 * bulk / len(users), "ms a user"),
    ]


if __name__ == "__main__":
    sys.exit(not main())
