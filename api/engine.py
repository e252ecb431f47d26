"""The engine: the one snapshot that answers come from, and the watch that replaces it when a newer one is published.

A `Serving` is a snapshot made ready: its recommender's arrays, its posts as plain objects, and its DuckDB file,
read-only, for what the hot path does not need. The watch builds the next one beside it, in a thread of its own, and
then sets one reference. Requests under way keep the old one; when the last of them ends nothing refers to it any more,
and Python gives back its arrays and closes its file.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import duckdb

from api.exposures import ExposureLog
from api.schemas import Post, RecommendedPost, Refusal
from core.columns import ARMS
from core.errors import FeedrankError, NotFound, SnapshotNotFound
from core.logging import get_logger
from core.settings import RankingSettings, Settings
from ranking.recommender import STATE_FILE, PostList, Recommender
from warehouse.snapshot_folder import current_id
from warehouse.snapshots import Snapshot, open_snapshot, verify

log = get_logger(__name__)

# a load that is going on when the service stops may take this long, in seconds; after it the process ends all the same
STOP_WAIT = 3


@dataclass(frozen=True)
class Serving:
    """One snapshot, verified and warmed up."""

    snapshot: Snapshot
    recommender: Recommender
    posts: dict[int, RecommendedPost]
    database: duckdb.DuckDBPyConnection
    loaded_at: datetime

    @classmethod
    def load(cls, snapshot: Snapshot, ranking: RankingSettings) -> Self:
        """Verify the files, read them and answer once in each arm, so that the first request finds everything in place.

        `ranking` says how candidates are found, lists varied and fresh posts explored.

        Raises:
            SnapshotDamaged: its files do not match its manifest.
        """
        verify(snapshot)
        recommender = Recommender.open(snapshot.folder, ranking=ranking)
        database = duckdb.connect(str(snapshot.folder / STATE_FILE), read_only=True)
        posts = database.execute("SELECT post_id, text, topic FROM posts JOIN post_text USING (post_id)").fetchall()
        now = datetime.now(UTC)
        for arm in ARMS:
            recommender.recommend(arm, int(recommender.state.user_ids[0]), now, limit=1)
        return cls(
            snapshot=snapshot,
            recommender=recommender,
            posts={post_id: RecommendedPost(post_id, text, topic) for post_id, text, topic in posts},
            database=database,
            loaded_at=now,
        )

    def post(self, post_id: int) -> Post:
        """The post, or NotFound."""
        if post_id not in self.posts:
            raise NotFound(f"post {post_id} is not in snapshot {self.snapshot.id}; new posts come with the next one")
        return self.posts[post_id]

    def posts_of(self, listed: PostList) -> list[RecommendedPost]:
        return [self.posts[post_id] for post_id in listed.post_ids.tolist()]

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the snapshot's tables by column name; safe in any thread, for each call has a cursor of its own."""
        with self.database.cursor() as cursor:
            found = cursor.execute(sql, values)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class Engine:
    """Holds what is served now and watches for the next."""

    def __init__(self, settings: Settings) -> None:
        self.experiment = settings.experiment
        self.refused: Refusal | None = None
        self.exposures: ExposureLog | None = None  # None: what is shown is not recorded
        self._settings = settings
        self._serving: Serving | None = None
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
        try:
            serving = Serving.load(open_snapshot(self._settings, wanted), self._settings.ranking)
        except Exception as error:  # whatever is wrong with the new one must not stop the one before
            self.refused = Refusal(wanted, str(error))
            standing = self._serving.snapshot.id if self._serving else "nothing"
            surprise = not isinstance(error, FeedrankError)
            log.error("snapshot %s is refused, %s stays in service: %s", wanted, standing, error, exc_info=surprise)
            return
        self._serving, self.refused = serving, None
        log.info("serving snapshot %s", wanted)

    def _keep_fresh(self) -> None:
        while not self._stopped.wait(self._settings.api.reload_interval.total_seconds()):
            try:
                self.refresh()
            except OSError:  # the folder itself cannot be read just now; look again
                log.exception("cannot look for a new snapshot")
