"""How does the time of a recommendation grow with the number of posts, and what do approximate sources miss?

The same few users meet 7,023, 100,000 and 1,000,000 posts with drawn vectors; one request at a time, in this process.
Recall is the share of the posts that stand exactly nearest to what a user liked (texts), or highest in the factor
model, as many as a source brings, that are among the user's candidates, whichever source brought them. `anew` is a
request that finds its candidates itself, as for a user who has acted since the snapshot.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.course_network import Size
from benchmarks.course_size import publish_course_size
from benchmarks.report import Row, report
from benchmarks.serving import WHEN
from core.columns import ARMS, TEST
from core.settings import RankingSettings, Settings
from ranking.recommender import Recommender
from ranking.top_k import top_k
from warehouse.snapshots import current

BOUNDS = {7_023: "<= 5", 100_000: "<= 10", 1_000_000: "<= 25"}  # ms, p99
USERS, LIKES = 5_000, 300_000
NEAREST = RankingSettings().candidates_per_source
WARM_UP = 20
LIMIT = 5


def main() -> bool:
    """Grow, measure and report; True when every bound holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, nargs="+", default=list(BOUNDS))
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--recall-users", type=int, default=50)
    parser.add_argument("--homes", type=Path, default=None, help="keep the snapshots below this folder")
    options = parser.parse_args()
    rows = []
    for posts in options.posts:
        with tempfile.TemporaryDirectory(prefix="feedrank-growth-") as temporary:
            settings = Settings(home=(options.homes or Path(temporary)) / str(posts))
            if not (settings.snapshots_folder / "current").exists():
                publish_course_size(settings, Size(USERS, posts, LIKES))
            rows += _measured(current(settings).folder, posts, options.requests, options.recall_users)
    return report("serving_growth", rows)


def _measured(folder: Path, posts: int, requests: int, recall_users: int) -> list[Row]:
    started = time.perf_counter()
    recommender = Recommender.open(folder)
    opened = time.perf_counter() - started
    drawn = np.random.default_rng(0).permutation(recommender.state.user_ids)
    latencies, anew = [], []
    for number, user in enumerate(np.resize(drawn, requests + WARM_UP).tolist()):
        arm = ARMS[number % 2]
        started = time.perf_counter()
        recommender.recommend(arm, user, WHEN, LIMIT)
        latencies.append(time.perf_counter() - started)
        audience = recommender.audience(arm, user)
        started = time.perf_counter()
        recommender.recommend(arm, user, WHEN, LIMIT, audience=audience)
        anew.append(time.perf_counter() - started)
    (p50, p99), (p50_anew, p99_anew) = (np.percentile(times[WARM_UP:], [50, 99]) * 1000 for times in (latencies, anew))
    rows = np.searchsorted(recommender.state.user_ids, np.sort(drawn[:recall_users]))
    return [
        Row(f"{posts:,} posts, open", opened, "s"),
        Row(f"{posts:,} posts, p50", p50, "ms"),
        Row(f"{posts:,} posts, p99", p99, "ms", BOUNDS.get(posts)),
        Row(f"{posts:,} posts, anew, p50", p50_anew, "ms"),
        Row(f"{posts:,} posts, anew, p99", p99_anew, "ms"),
        *(
            Row(f"{posts:,} posts, recall@{NEAREST} of {name}", value, "share")
            for name, value in _recall(recommender, rows)
        ),
    ]


def _recall(recommender: Recommender, rows: NDArray[np.int64]) -> list[tuple[str, float]]:
    """Of one arm: both go one way."""
    state = recommender.state
    found: dict[str, list[float]] = {"texts": [], "factors": []}
    for row in rows:
        brought = recommender.candidates(TEST, row[None])[0] > 0  # (P,)
        liked = recommender.already_liked(row[None])[0]
        of_posts = state.post_factors[TEST]
        exact = {
            "texts": state.spaces[TEST].vectors @ state.users.liked[TEST][row],
            "factors": of_posts.profile_weight * state.users.prior[row][state.posts.topic_rows]
            + of_posts.quality
            + of_posts.factors @ state.user_factors[TEST][row],
        }
        for name, scores in exact.items():
            best = top_k(np.where(liked, -np.inf, scores)[None], NEAREST)[0]
            found[name].append(float(brought[best[best >= 0]].mean()))
    return [(name, float(np.mean(values))) for name, values in found.items()]


if __name__ == "__main__":
    sys.exit(not main())
