"""The engine: the one snapshot that answers come from, and the watch that replaces it when a newer one is published.

A `Serving` is a snapshot made ready: its recommender's arrays, its posts as plain objects, and its DuckDB file,
read-only, for what the hot path does not need. The watch builds the next one beside it, in a thread of its own, and
then sets one reference. Requests under way keep the old one; when the last of them ends nothing refers to it any more,
and Python gives back its arrays and closes its file.

One that is damaged, of another schema version, or not ready within `api.warm_up_limit` is refused: the one before goes
on, and the log, a metric and `/health/ready` say so. It is tried again only when another has been published in between,
or by another process: a snapshot never changes, so a second look would find the same.
"""

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import duckdb
import numpy as np

from api import metrics
from api.experiment import Experiment
from api.exposures import ExposureLog
from api.live import Live
from api.past import Past
from api.schemas import Post, RecommendedPost, Refusal
from core.columns import ARMS
from core.errors import FeedrankError, NotFound, SnapshotDamaged, SnapshotNotFound, SnapshotOfOtherVersion, SnapshotSlow
from core.logging import get_logger
from core.settings import RankingSettings, Settings
from ranking.lists import PostList
from ranking.recommender import STATE_FILE, Recommender
from warehouse.snapshot_folder import current_id
from warehouse.snapshots import Snapshot, open_snapshot, verify

log = get_logger(__name__)

# a load that is going on when the service stops may take this long, in seconds; after it the process ends all the same
STOP_WAIT = 3

# a new snapshot answers so many users in each arm before it is served, spread over all of them
WARM_UP_USERS = 10
WARM_UP_LIMIT = 5
# between two of these answers, in seconds: requests of others would else wait for the interpreter in turns of 5 ms
BREATH = 0.005
# so many posts are turned into Python's objects in one go, for the same reason
POSTS_AT_ONCE = 500

# the first that fits is how the metric calls a refusal
REASONS: dict[type[Exception], str] = {
    SnapshotOfOtherVersion: "version",
    SnapshotDamaged: "damaged",
    SnapshotSlow: "slow",
    SnapshotNotFound: "gone",
    Exception: "failed",
}


@dataclass(frozen=True, eq=False)
class Serving:
    """One snapshot, verified and warmed up."""

    snapshot: Snapshot
    recommender: Recommender
    posts: dict[int, RecommendedPost]  # new ones are added as they come
    live: Live
    database: duckdb.DuckDBPyConnection
    loaded_at: datetime

    @classmethod
    def load(cls, snapshot: Snapshot, ranking: RankingSettings) -> Self:
        """Verify the files, read them and answer in each arm, so that the first request finds everything in place.

        `ranking` says how candidates are found, lists varied and fresh posts explored.

        Raises:
            SnapshotDamaged: its files do not match its manifest.
        """
        with _timed("verify"):
            verify(snapshot)
        with _timed("open"):
            recommender = Recommender.open(snapshot.folder, ranking=ranking)
            database = duckdb.connect(str(snapshot.folder / STATE_FILE), read_only=True)
            posts = _read_posts(database)
        with _timed("warm_up"):
            _warm_up(recommender)
        live = Live(snapshot, recommender, posts)
        return cls(snapshot, recommender, posts, live, database, datetime.now(UTC))

    def post(self, post_id: int) -> Post:
        """The post, or NotFound."""
        if post_id not in self.posts:
            raise NotFound(f"post {post_id} is not in snapshot {self.snapshot.id}, nor has it come since")
        return self.posts[post_id]

    def posts_of(self, listed: PostList) -> list[RecommendedPost]:
        return [self.posts[post_id] for post_id in listed.post_ids.tolist()]

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the snapshot's tables by column name; safe in any thread, for each call has a cursor of its own."""
        with self.database.cursor() as cursor:
            found = cursor.execute(sql, values)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@contextmanager
def _timed(step: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    metrics.SNAPSHOT_LOAD.labels(step).set(time.perf_counter() - started)


def _read_posts(database: duckdb.DuckDBPyConnection) -> dict[int, RecommendedPost]:
    posts = {}
    found = database.execute("SELECT post_id, text, topic FROM posts JOIN post_text USING (post_id)")
    while rows := found.fetchmany(POSTS_AT_ONCE):
        posts.update({post_id: RecommendedPost(post_id, text, topic) for post_id, text, topic in rows})
    return posts


def _warm_up(recommender: Recommender) -> None:
    """Answer as requests will be answered: maps files into memory, fills caches, lets CatBoost prepare its trees."""
    known, now = recommender.state.user_ids, datetime.now(UTC)
    chosen = known[np.linspace(0, len(known) - 1, min(WARM_UP_USERS, len(known)), dtype=np.int64)]
    for user_id in chosen.tolist():
        for arm in ARMS:
            recommender.recommend(arm, user_id, now, WARM_UP_LIMIT)
            time.sleep(BREATH)


class Engine:
    """Holds what is served now and watches for the next."""

    def __init__(self, settings: Settings) -> None:
        self.experiment = Experiment(settings)
        self.refused: Refusal | None = None
        self.exposures: ExposureLog | None = None  # None: what is shown is not recorded
        self.before_serving: Callable[[Live], None] = lambda _: None
        self.past = Past(settings, lambda snapshot: Serving.load(snapshot, settings.ranking))
        self._settings = settings
        self._serving: Serving | None = None
        self._held: weakref.WeakSet[Serving] = weakref.WeakSet()
        self._stopped = threading.Event()
        self._watch = threading.Thread(target=self._keep_fresh, name="snapshot-watch", daemon=True)

    @property
    def serving(self) -> Serving:
        """What to answer from; keep the reference for the whole request, the next look may give another.

        Raises:
            SnapshotNotFound: nothing can be served yet; says why.
        """
        if self._serving is None:
            reason = (
                f"snapshot {self.refused.snapshot} is refused: {self.refused.reason}"
                if self.refused
                else f"nothing has been published in {self._settings.snapshots_folder} yet; run retrain/nightly"
            )
            raise SnapshotNotFound(f"no snapshot is being served: {reason}")
        return self._serving

    @property
    def age(self) -> timedelta | None:
        """How long ago the snapshot that is served was published; None if there is none."""
        return None if self._serving is None else datetime.now(UTC) - self._serving.snapshot.manifest.created_at

    @property
    def held(self) -> int:
        """Snapshots in memory: the one served, and those that requests under way still answer from."""
        return len(self._held)

    def start(self) -> None:
        """Load the current snapshot, if there is one, and begin to watch."""
        self.refresh()
        self._watch.start()

    def stop(self) -> None:
        self._stopped.set()
        self._watch.join(STOP_WAIT)

    def refresh(self) -> None:
        """Serve the current snapshot. If it cannot be, say so once and go on with the one before."""
        wanted = current_id(self._settings.snapshots_folder)
        if self._serving is not None and wanted == self._serving.snapshot.id:
            self.refused = None
        elif wanted is not None and (self.refused is None or wanted != self.refused.snapshot):
            self._replace(wanted)

    def _replace(self, wanted: str) -> None:
        started = time.perf_counter()
        try:
            serving = Serving.load(open_snapshot(self._settings, wanted), self._settings.ranking)
            took = timedelta(seconds=time.perf_counter() - started)
            self._refuse_if_slow(wanted, took)
            self.experiment.read_members(serving.database)
            self.before_serving(serving.live)
        except Exception as error:  # whatever is wrong with the new one must not stop the one before
            self._refuse(wanted, error)
            return
        self._held.add(serving)
        before, self._serving, self.refused = self._serving, serving, None
        if before is not None:
            metrics.SNAPSHOT_INFO.labels(before.snapshot.id).set(0)
        metrics.SNAPSHOT_INFO.labels(wanted).set(1)
        metrics.RELOADS.inc()
        log.info("serving snapshot %s, ready after %.1f s", wanted, took.total_seconds())

    def _refuse_if_slow(self, wanted: str, took: timedelta) -> None:
        limit = self._settings.api.warm_up_limit
        if took <= limit:
            return
        told = f"it took {took.total_seconds():.1f} s to get ready, the limit is {limit.total_seconds():.1f} s"
        if self._serving is not None:
            raise SnapshotSlow(f"{told} (api.warm_up_limit); raise it, or look at what else this machine is doing")
        log.warning("snapshot %s is served all the same, as there is no other: %s", wanted, told)

    def _refuse(self, wanted: str, error: Exception) -> None:
        self.refused = Refusal(wanted, str(error))
        metrics.REFUSALS.labels(next(name for kind, name in REASONS.items() if isinstance(error, kind))).inc()
        standing = self._serving.snapshot.id if self._serving else "nothing"
        surprise = not isinstance(error, FeedrankError)
        log.error("snapshot %s is refused, %s stays in service: %s", wanted, standing, error, exc_info=surprise)

    def _keep_fresh(self) -> None:
        while not self._stopped.wait(self._settings.api.reload_interval.total_seconds()):
            try:
                self.refresh()
            except OSError:  # the folder itself cannot be read just now; look again
                log.exception("cannot look for a new snapshot")
