"""The follower: one thread a worker that reads what is new in the source and puts it into `api.live`.

Events are read by their time, from the watermark of the snapshot on. Commits are not in order of time, so each look
goes back some seconds, and every few seconds one goes back a minute: an event that commits later than that is brought
by the next copy. Looks never take more than a tenth of the time, however slow the source is. No request waits for it.
The same thread looks into the ledger of experiments (`api.experiment`), also where `api.follow` is false.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from api import metrics
from api.embeddings import Embeddings
from api.experiment import Experiment
from api.live import Live
from api.schemas import WrittenAction
from api.status import SourceState
from core.columns import LIKE
from core.errors import FeedrankError
from core.logging import get_logger
from core.settings import Settings
from features.live_posts import NewPost
from warehouse import source_news as news
from warehouse.source import SourceCatalog, inspect_source
from warehouse.source_tables import transaction, writing_engine

log = get_logger(__name__)

LIMIT = 3.0  # seconds that one look may take in the database
BATCH = 5_000  # events of a look: what is known of their users is compared, and must stay small
ROWS = 1_000  # users, and posts, read at once
NEAR, FAR = timedelta(seconds=5), timedelta(minutes=1)  # how far looks go back
FAR_LOOKS = 5.0  # seconds between those that go far
POSTS_COUNTED = 60.0  # seconds between counts of all posts, for those whose ids lie among older ones
REST = 9  # times as long as a look took nothing is asked
LONGEST_WAIT = 5.0  # seconds between tries while the source is away
STOP_WAIT = 2.0  # seconds that a look under way gets when the service stops


@dataclass
class Cursor:
    """How far events have been read."""

    read: datetime  # up to there
    complete: bool = False  # there are no more at present
    far_look: float = 0.0  # when the next one is due
    seen: set[news.NewEvent] = field(default_factory=set)  # of the last minute or so: need not be looked at again


class Follower:
    """Follows the source for one process; off without source.dsn, or if `api.follow` is false."""

    def __init__(self, settings: Settings, experiment: Experiment) -> None:
        self._settings = settings
        self._experiment = experiment
        self._embeddings = Embeddings(settings)
        self._has_source = settings.source.dsn is not None
        self._on = settings.api.follow and self._has_source
        self._lock = threading.Lock()  # which Live is fed
        self._live: Live | None = None
        self._cursor: Cursor | None = None
        self._catalog: SourceCatalog | None = None
        self._looked: float | None = None  # when a look last succeeded
        self._trouble: str | None = None
        self._posts_due = self._count_due = 0.0
        self._full = False  # events have been left out
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow_always, name="follower", daemon=True)

    @property
    def state(self) -> SourceState:
        if not self._on:
            return "off"
        return "away" if self._looked is None or self._trouble else "following"

    @property
    def lag(self) -> float | None:
        """Seconds since the source was last seen to the end; None: not yet."""
        return None if self._looked is None else time.monotonic() - self._looked

    def start(self) -> None:
        if self._has_source:
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._has_source:
            self._thread.join(STOP_WAIT)
        self._embeddings.stop()

    def bind(self, live: Live) -> None:
        """Feed this one from now on; what is known already is in it when the call returns. Call it before it serves."""
        if not self._on:
            return
        with self._lock:
            if self._live is not None:
                live.take_over(self._live)
                if live.posts:
                    live.extend(self._embeddings.vectors)
            # from the beginning after a roll-back too, and where events have been left out
            if self._live is None or self._full or live.watermark < self._live.watermark:
                self._cursor = Cursor(live.watermark - self._settings.warehouse.overlap)
            self._live = live
            self._full = False

    def notice(self, written: Sequence[WrittenAction]) -> None:
        """Take in what this process has just written, before the next look finds it."""
        self._add([(one.user_id, one.time, one.post_id, one.action == LIKE) for one in written])

    def _follow_always(self) -> None:
        engine = writing_engine(self._settings, LIMIT, connections=1)
        wait = failed = 0.0
        while not self._stopping.wait(wait):
            started = time.monotonic()
            try:
                self._experiment.look(engine)
                more = self._on and self._look(engine)
            except Exception as error:
                wait = failed = min(max(2 * failed, self._settings.api.follow_interval.total_seconds()), LONGEST_WAIT)
                self._catalog = None  # the tables may have changed
                self._tell(error)
                continue
            if self._trouble is not None:
                log.warning("the source is followed again")
            self._trouble, failed = None, 0.0
            took = time.monotonic() - started
            wait = REST * took if more else max(self._settings.api.follow_interval.total_seconds(), REST * took)
        engine.dispose()

    def _tell(self, error: Exception) -> None:
        if self._trouble != type(error).__name__:
            self._trouble = type(error).__name__
            known = isinstance(error, FeedrankError)
            log.error("the source is not followed, answers go on: %s", error, exc_info=not known)

    def _look(self, engine: Engine) -> bool:
        """Read what is new; True if there is more."""
        live, cursor = self._live, self._cursor
        if live is None or cursor is None:
            return False
        catalog = self._catalog = self._catalog or inspect_source(self._settings)
        with transaction(self._settings, engine) as connection:
            more = self._read_events(connection, catalog, live, cursor)
            if live.wanted:
                wanted, live.wanted = live.wanted, set()
                live.welcome_users(news.users_of(connection, catalog, wanted))
        if not more:
            self._looked = time.monotonic()
            if self._looked >= self._posts_due:
                self._look_further(engine, catalog, live)
        return more

    def _read_events(self, connection: Connection, catalog: SourceCatalog, live: Live, cursor: Cursor) -> bool:
        clock, far = news.source_clock(connection), cursor.complete and time.monotonic() >= cursor.far_look
        back = (FAR if far else NEAR) if cursor.complete else timedelta(0)
        until = clock + self._settings.warehouse.future_tolerance
        rows = news.events_between(connection, catalog.events, cursor.read - back, until, live.watermark, BATCH)
        self._add([row for row in rows if row not in cursor.seen])
        more = len(rows) >= BATCH
        latest = rows[-1][1] if rows else cursor.read
        # one from the future must not hide those that come until then
        cursor.read = latest if more else max(cursor.read, live.watermark, min(latest, clock))
        if far:
            cursor.far_look, cursor.seen = time.monotonic() + FAR_LOOKS, set(rows)
        elif not more:
            cursor.seen.update(rows)
        cursor.complete = not more
        return more

    def _look_further(self, engine: Engine, catalog: SourceCatalog, live: Live) -> None:
        """Look for users and posts that nobody has asked for, and have new texts embedded."""
        started = time.monotonic()
        with transaction(self._settings, engine) as connection:
            live.welcome_users(news.users_above(connection, catalog, live.largest_user, ROWS))
            posts = news.posts_above(connection, catalog.posts, live.largest_post, ROWS)
            if started >= self._count_due:
                self._count_due = started + POSTS_COUNTED
                if news.post_count(connection, catalog.posts) > live.post_count + len(posts):
                    between = live.unknown_posts(news.post_ids(connection, catalog.posts))
                    posts = news.posts_of(connection, catalog.posts, sorted(between)[:ROWS])
        came = live.welcome_posts([NewPost(*post) for post in posts])
        embedded = self._embeddings.refresh(live.transformer, [post.text for post in live.posts])
        if live.posts and (came or embedded):
            live.extend(self._embeddings.vectors)
        took = time.monotonic() - started
        self._posts_due = started + max(self._settings.api.follow_posts_interval.total_seconds(), REST * took)

    def _add(self, events: Sequence[news.NewEvent]) -> None:
        if not events or not self._on:
            return
        with self._lock:
            live = self._live
            if live is None:
                return
            left_out = live.add(events, self._settings.api.follow_events)
        metrics.OVERLAY_EVENTS.set(live.counted)
        if left_out:
            metrics.OVERLAY_LEFT_OUT.inc(left_out)
            if not self._full:
                self._full = True
                log.warning(
                    "%s events since the snapshot are remembered and there is no room for more (api.follow_events); "
                    "refresh the snapshot",
                    f"{live.counted:,}",
                )
