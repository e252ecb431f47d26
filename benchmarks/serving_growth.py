"""How does the time of a recommendation grow with the number of posts, and what do approximate sources miss?

The same few users meet 7,023, 100,000 and 1,000,000 posts with drawn vectors; one request at a time, in a process that
holds nothing else. `acted` is a user with events since the snapshot: who the user is now is computed, and all sources
are asked anew. Recall is the share of the posts that stand exactly nearest to what a user liked (texts), or highest in
the factor model, as many as a source brings, that are among the user's candidates, whichever source brought them. Of a
snapshot only what a request reads is written (`benchmarks.course_size.save_for_requests`).
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.course_network import Size
from benchmarks.course_size import save_for_requests
from benchmarks.picture import write_histograms
from benchmarks.report import Row, report
from benchmarks.serving import WHEN
from core.columns import ARMS, LIKED, TEST
from core.settings import RankingSettings, Settings
from features.live_users import EVENT, curvature, moved
from features.serving_state import ServingState
from ranking.recommender import Recommender
from ranking.top_k import top_k

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "serving-growth.svg"
BOUNDS = {7_023: "<= 5", 100_000: "<= 10", 1_000_000: "<= 25"}  # ms, p99
USERS, LIKES = 5_000, 300_000
NEAREST = RankingSettings().candidates_per_source
WINDOW = timedelta(hours=1)
EVENTS = 7  # of a user who has acted: two likes, the rest views
WARM_UP = 20
LIMIT = 5

Latencies = dict[str, NDArray[np.float64]]  # in seconds, by who asks
Times = NDArray[np.float64]  # (requests, 2) in seconds: on the clock, and of the processor


def main() -> bool:
    """Grow, measure and report; True when every bound holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, nargs="+", default=list(BOUNDS))
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--recall-users", type=int, default=50)
    parser.add_argument("--homes", type=Path, default=None, help="keep what is written below this folder")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    options = parser.parse_args()
    rows: list[Row] = []
    latencies: Latencies = {}
    for posts in options.posts:
        with tempfile.TemporaryDirectory(prefix="feedrank-growth-") as temporary:
            folder = _written((options.homes or Path(temporary)) / str(posts), posts)
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
                asked = folder, posts, options.requests, options.recall_users
                measured, times = alone.submit(_measured, *asked).result()
        rows += measured
        latencies |= times
    write_histograms(options.picture, "One user at a time, answers by latency", latencies)
    return report("serving_growth", rows)


def _written(home: Path, posts: int) -> Path:
    folder, draft = home / "written", home / "draft"
    if not folder.exists():
        draft.mkdir(parents=True, exist_ok=True)
        save_for_requests(Settings(home=home), Size(USERS, posts, LIKES), draft)
        draft.rename(folder)
    return folder


def _measured(folder: Path, posts: int, requests: int, recall_users: int) -> tuple[list[Row], Latencies]:
    started = time.perf_counter()
    recommender = Recommender.open(folder)
    opened = time.perf_counter() - started
    drawn = np.random.default_rng(0).permutation(recommender.state.user_ids)
    with threadpool_limits(limits=1):  # as a worker's
        known, acted = _latencies(recommender, np.resize(drawn, requests + WARM_UP).tolist())
    memory = psutil.Process().memory_full_info()
    bound = BOUNDS.get(posts)
    rows = [Row("open", opened, "s")]
    for name, times in (("known", known), ("acted", acted)):
        (p50, of_processor_50), (p99, of_processor_99) = np.percentile(times, [50, 99], axis=0) * 1000
        rows += [
            Row(f"{name}, p50", p50, "ms"),
            Row(f"{name}, p99", p99, "ms", bound),
            Row(f"{name}, p50 of processor time", of_processor_50, "ms"),
            Row(f"{name}, p99 of processor time", of_processor_99, "ms"),
        ]
    rows += [Row("own memory", memory.uss / 2**20, "MiB"), Row("with mapped files", memory.rss / 2**20, "MiB")]
    of_recall = np.searchsorted(recommender.state.user_ids, np.sort(drawn[:recall_users]))
    rows += [
        Row(f"recall@{NEAREST} of {name}", value, "share", ">= 0.95")
        for name, value in _recall(recommender, of_recall).items()
    ]
    told = f"{posts:,} posts, "
    named = [Row(told + row.name, row.value, row.unit, row.bound) for row in rows]
    return named, {f"{told}known": known[:, 0], f"{told}acted": acted[:, 0]}


def _latencies(recommender: Recommender, users: list[int]) -> tuple[Times, Times]:
    """Of each user as the snapshot knows it, and after some events, but for those who warm up."""
    state, rng = recommender.state, np.random.default_rng(0)
    known, acted = [], []
    of_view = {arm: curvature(state, arm) for arm in ARMS}
    for number, user in enumerate(users):
        arm = ARMS[number % 2]
        started = _clocks()
        recommender.recommend(arm, user, WHEN, LIMIT)
        known.append(_clocks() - started)
        events = _events(state, user, rng)
        started = _clocks()
        audience = moved(state, arm, recommender.audience(arm, user), events, WHEN, WINDOW, of_view[arm])
        recommender.recommend(arm, user, WHEN, LIMIT, audience=audience)
        acted.append(_clocks() - started)
    return np.array(known[WARM_UP:]), np.array(acted[WARM_UP:])


def _clocks() -> NDArray[np.float64]:
    """The clock, and the processor time of this thread, which other work on the machine does not add to."""
    return np.array([time.perf_counter(), time.thread_time()])


def _events(state: ServingState, user: int, rng: np.random.Generator) -> NDArray[np.void]:
    """One every minute, the last long enough ago for its outcome to be known."""
    times = np.datetime64(WHEN, "us") - np.timedelta64(2, "h") + np.arange(EVENTS).astype("timedelta64[m]")
    events = np.zeros(EVENTS, EVENT)
    for name, values in zip(EVENT.names or (), (user, times, rng.choice(state.post_ids, EVENTS)), strict=False):
        events[name] = values
    events[LIKED][-2:] = True
    return events


def _recall(recommender: Recommender, rows: NDArray[np.int64]) -> dict[str, float]:
    """Of one arm: both go one way."""
    state = recommender.state
    of_posts = state.post_factors[TEST]
    found: dict[str, list[float]] = {"texts": [], "factors": []}
    for row in rows:
        brought = recommender.candidates(TEST, row[None])[0] > 0  # (P,)
        liked = recommender.already_liked(row[None])[0]
        exact = {
            "texts": state.spaces[TEST].vectors @ state.users.liked[TEST][row],
            "factors": of_posts.profile_weight * state.users.prior[row][state.posts.topic_rows]
            + of_posts.quality
            + of_posts.factors @ state.user_factors[TEST][row],
        }
        for name, scores in exact.items():
            best = top_k(np.where(liked, -np.inf, scores)[None], NEAREST)[0]
            found[name].append(float(brought[best[best >= 0]].mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}


if __name__ == "__main__":
    sys.exit(not main())
