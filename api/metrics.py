"""What the service measures of itself, for Prometheus: every metric is declared here and nowhere else.

Times are in seconds. What a request observes is a histogram's child that was looked up once, a microsecond or two each.
Several workers add up their counts in the files of PROMETHEUS_MULTIPROC_DIR (`api.__main__`), where a gauge cannot call
anything when it is read; so what is a state and not an event is written by `api.status` every second.
"""

import os
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import psutil
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from core.columns import ARMS, INTERLEAVED

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# 0.25 ms to 100 ms: an answer from memory, up to one that waited for its turn behind a hundred others
FAST = (0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.04, 0.1)
ANY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
STAGES = ("candidates", "ranking")

REQUESTS = Histogram(
    "feedrank_request_duration_seconds",
    "From the request's head to the last byte given to the server, by route",
    ["method", "path", "status_code"],
    buckets=ANY,
)
RECOMMENDATIONS = Histogram(
    "feedrank_recommendation_duration_seconds",
    "Work on a recommendation, without HTTP, by the arm that answered",
    ["arm"],
    buckets=FAST,
)
RECOMMENDATION_STAGES = Histogram(
    "feedrank_recommendation_stage_duration_seconds",
    "The same by stage: which posts, and in which order",
    ["stage"],
    buckets=FAST,
)
RECOMMENDED = Counter(
    "feedrank_recommended_posts_total", "Posts recommended, by the source that brought them", ["source"]
)
# each worker sees the one spool of all of them
EXPOSURES = {
    "queued": Gauge("feedrank_exposures_queued", "Exposures not on a disk yet", multiprocess_mode="livesum"),
    "spooled": Gauge("feedrank_exposures_spooled", "Exposures waiting on our disk", multiprocess_mode="livemax"),
    "written": Gauge("feedrank_exposures_written", "Exposures that the database has taken", multiprocess_mode="sum"),
    "lost": Gauge("feedrank_exposures_lost", "Exposures that are in no place", multiprocess_mode="sum"),
}
SNAPSHOT_AGE = Gauge(
    "feedrank_snapshot_age_seconds", "Since the served snapshot was published", multiprocess_mode="livemax"
)
SNAPSHOT_INFO = Gauge(
    "feedrank_snapshot_info", "How many workers serve the snapshot", ["snapshot"], multiprocess_mode="livesum"
)
SNAPSHOTS_HELD = Gauge(
    "feedrank_snapshots_held",
    "Snapshots in memory: one a worker, more while requests that began before a reload go on",
    multiprocess_mode="livesum",
)
SNAPSHOT_LOAD = Gauge(
    "feedrank_snapshot_load_seconds",
    "How long the last snapshot took to get ready",
    ["step"],
    multiprocess_mode="livemax",
)
RELOADS = Counter("feedrank_snapshot_reloads_total", "Snapshots taken into service")
REFUSALS = Counter("feedrank_snapshot_refusals_total", "Snapshots not taken into service", ["reason"])
OVERLAY_LAG = Gauge(
    "feedrank_overlay_lag_seconds", "How far the live overlay is behind the source", multiprocess_mode="livemax"
)
OVERLAY_EVENTS = Gauge(
    "feedrank_overlay_events", "Events after the snapshot that a worker remembers", multiprocess_mode="livemax"
)
OVERLAY_LEFT_OUT = Counter("feedrank_overlay_events_left_out_total", "Events that a worker had no room for")

_by_arm = {arm: RECOMMENDATIONS.labels(arm).observe for arm in (*ARMS, INTERLEAVED)}
_by_stage = {name: RECOMMENDATION_STAGES.labels(name).observe for name in STAGES}
_by_source = cache(lambda source: RECOMMENDED.labels(source).inc)


def stage(name: str, seconds: float) -> None:
    """Observe how long a stage of one recommendation took; `name` is one of STAGES."""
    _by_stage[name](seconds)


def recommended(arm: str, seconds: float, sources: Sequence[str]) -> None:
    """Observe one recommendation: how long it took, and what brought each of its posts."""
    _by_arm[arm](seconds)
    for source, posts in Tally(sources).items():
        _by_source(source)(posts)


def exposition() -> bytes:
    """All metrics in Prometheus' text format: of all workers, where there are several."""
    if SHARED_FOLDER not in os.environ:
        return generate_latest(_Living(REGISTRY))
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(_Living(together))


def forget_dead_workers() -> None:
    """Take workers that were killed out of the gauges; their counts stay. One that ends in order forgets itself."""
    if SHARED_FOLDER not in os.environ:
        return
    files = Path(os.environ[SHARED_FOLDER]).glob("gauge_live*_*.db")
    for pid in {int(file.stem.rpartition("_")[2]) for file in files}:
        if not psutil.pid_exists(pid):
            mark_process_dead(pid)  # type: ignore[no-untyped-call]


def forget_this_worker() -> None:
    """Take this process out of the gauges, as it ends."""
    if SHARED_FOLDER in os.environ:
        mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


class _Living(CollectorRegistry):
    """What another registry collects, without the snapshots that nobody serves any more."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        for metric in self._registry.collect():
            if metric.name == "feedrank_snapshot_info":
                metric.samples = [sample for sample in metric.samples if sample.value]
            yield metric
