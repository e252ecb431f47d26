"""The log of what was shown: off the request path, through a spool on the disk, into PostgreSQL.

::

    record ─▶ queue in memory ─▶ spool (synced every exposure_interval) ─▶ recommendation_exposure
              request path         thread exposure-spool                    thread exposure-ship

Two threads, so that a database that hangs never delays the spool: whatever was answered more than a second ago outlives
a kill -9. A segment is deleted after the commit of its rows, and rows that are there already are left as they are, so
each request id is there once. While the disk takes nothing, exposures stay in memory and go to PostgreSQL from there.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

from api.shipping import Shipping
from api.spool import Spool
from api.trouble import Trouble
from core.errors import FeedrankError
from core.logging import get_logger
from core.settings import Settings
from experiments.exposures import Exposure, from_line, to_line

log = get_logger(__name__)

LONGEST_WAIT: Final = 2.0  # seconds between tries while PostgreSQL is away; the waits double up to it
DRAIN: Final = 2.0  # seconds that `stop` gives the database
BATCH: Final = 5_000  # exposures written at once


class Counts(NamedTuple):
    """Where exposures are."""

    queued: int  # in memory, not on the disk yet
    spooled: int  # on the disk, not in PostgreSQL yet; complete segments of any process of this home are included
    written: int  # to PostgreSQL by this process since its start
    lost: int  # by this process since its start: overflow of memory, and lines that cannot be used


class ExposureLog:
    """Takes exposures of one process; `start` it before the first request and `stop` it after the last."""

    def __init__(self, settings: Settings) -> None:
        self._interval = settings.api.exposure_interval.total_seconds()
        self._room = settings.api.exposure_queue
        self._queue: deque[Exposure] = deque()
        self._returned: deque[list[bytes]] = deque()  # batches that neither the disk nor PostgreSQL has taken
        self._spool = Spool(settings.exposure_spool, _readable)
        self._shipping = Shipping(settings) if settings.source.dsn is not None else None
        self._disk, self._postgres, self._removing = Trouble(log), Trouble(log), Trouble(log)
        self._written = self._unusable = self._overflow = self._told = 0
        self._wants_segment = threading.Event()
        self._stopping = threading.Event()
        self._all_spooled = threading.Event()
        self._deadline = float("inf")
        self._threads = [threading.Thread(target=self._spool_always, name="exposure-spool", daemon=True)]
        if self._shipping is not None:
            ship = threading.Thread(target=self._ship_always, args=[self._shipping], name="exposure-ship", daemon=True)
            self._threads.append(ship)

    def record(self, exposure: Exposure) -> None:
        """Take it; never waits, never raises."""
        if len(self._queue) >= self._room:
            with suppress(IndexError):  # a thread has just emptied it
                self._queue.popleft()
                self._overflow += 1
        self._queue.append(exposure)

    @property
    def counts(self) -> Counts:
        returned = sum(map(len, list(self._returned)))
        lost = self._overflow + self._unusable
        return Counts(len(self._queue) + returned, self._spool.count(), self._written, lost)

    def start(self) -> None:
        """Begin to spool and ship; what dead processes left is taken along."""
        if self._shipping is None:
            log.warning(
                "source.dsn is not set: what is shown is kept in %s, for a service that can take it to PostgreSQL",
                self._spool.folder,
            )
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Bring everything to the disk and give PostgreSQL two seconds for it; what it does not take stays there."""
        self._deadline = time.monotonic() + DRAIN
        self._stopping.set()
        for thread in self._threads:
            thread.join(max(self._deadline - time.monotonic(), 0.1))

    def _next_batch(self) -> list[bytes]:
        """The oldest lines in memory, at most `BATCH`; safe in either thread."""
        with suppress(IndexError):
            return self._returned.popleft()
        lines: list[bytes] = []
        with suppress(IndexError):
            while len(lines) < BATCH:
                exposure = self._queue.popleft()
                try:
                    lines.append(to_line(exposure))
                except (TypeError, ValueError):  # a caller's mistake must not stop the others
                    self._unusable += 1
                    log.exception("an exposure cannot be written: %r", exposure)
        return lines

    def _spool_always(self) -> None:
        while not self._stopping.wait(self._interval):
            _guarded(self._spool_all)
        _guarded(self._spool_all)
        self._spool.rotate()
        self._all_spooled.set()

    def _spool_all(self) -> None:
        """Write everything in memory, sync it, and close the segment if somebody waits for it."""
        while lines := self._next_batch():
            try:
                self._spool.append(lines)
                self._spool.sync()
            except OSError as error:
                self._returned.appendleft(lines)
                self._disk.begins(error, "exposures stay in memory, %s takes none", self._spool.folder)
                break
            self._disk.ends("exposures are written to %s again", self._spool.folder)
        if self._overflow > self._told:
            lost, self._told = self._overflow - self._told, self._overflow
            log.error("%d exposures are lost: memory holds %d (api.exposure_queue)", lost, self._room)
        if self._wants_segment.is_set():
            self._wants_segment.clear()
            self._spool.rotate()

    def _ship_always(self, shipping: Shipping) -> None:
        wait = 0.0
        while not self._stopping.wait(wait):
            if _guarded(lambda: self._ship_all(shipping)):
                self._wants_segment.set()
                wait = self._interval
            else:
                wait = min(max(2 * wait, self._interval), LONGEST_WAIT)
        self._all_spooled.wait(DRAIN)
        _guarded(lambda: self._ship_all(shipping))
        shipping.close()

    def _ship_all(self, shipping: Shipping) -> bool:
        """Take every complete segment to PostgreSQL; False if it takes none."""
        try:
            shipping.prepare()
            for segment in self._spool.take():
                if time.monotonic() > self._deadline:
                    break
                refused = shipping.ship(segment.lines)
                self._written += len(segment.lines) - len(refused)
                try:
                    self._spool.remove(segment, refused)
                except OSError as error:
                    self._removing.begins(error, "%s is in PostgreSQL and cannot be deleted", segment.path)
                else:
                    self._removing.ends("what PostgreSQL has is deleted from %s again", self._spool.folder)
                    self._unusable += len(segment.damaged) + len(refused)
            if self._disk.going_on:
                self._ship_memory(shipping)
        except FeedrankError as error:
            self._postgres.begins(error, "exposures stay in %s", self._spool.folder)
            return False
        self._postgres.ends("exposures are written to PostgreSQL again")
        return True

    def _ship_memory(self, shipping: Shipping) -> None:
        while time.monotonic() < self._deadline and (lines := self._next_batch()):
            try:
                refused = shipping.ship(lines)
            except BaseException:
                self._returned.appendleft(lines)
                raise
            self._written += len(lines) - len(refused)
            self._unusable += len(refused)


def _guarded(step: Callable[[], bool | None]) -> bool:
    """Run a step of a thread that must live on whatever happens."""
    try:
        return bool(step())
    except Exception:
        log.exception("exposures wait, a step failed")
        return False


def _readable(line: bytes) -> bool:
    try:
        from_line(line)
    except ValueError:
        return False
    return True
