"""One writer at a time: a lock on the warehouse that a dead owner cannot keep.

Prefect's own limits stay taken when a worker dies, so the warehouse has a lock that ends with its owner, however that
ends: the kernel's for a file, and for a DuckLake, which several machines may write, one of its catalogue's.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Protocol

from core.errors import WarehouseBusy
from core.logging import get_logger
from core.settings import Settings
from warehouse.catalog_lock import CatalogLock
from warehouse.connection import is_lake

POLL_SECONDS = 0.1
logger = get_logger(__name__)


class Lock(Protocol):
    """Something that one process at a time can hold."""

    def take(self) -> bool:
        """Hold it; False if somebody else does."""

    def holder(self) -> str:
        """Whoever holds it, for a person to read."""

    def close(self) -> None:
        """Let go of it."""


@contextmanager
def warehouse_lock(settings: Settings, owner: str) -> Iterator[None]:
    """Hold the warehouse under the name `owner`, waiting up to `warehouse.lock_wait` for whoever holds it.

    Raises:
        WarehouseBusy: it was still held when the time to wait was over; names the holder.
        WarehouseUnreachable: the lake's catalogue does not answer.
    """
    lock: Lock = CatalogLock(settings, owner) if is_lake(settings) else FileLock(settings, owner)
    with closing(lock):
        _acquire(lock, settings)
        yield


def lock_holder(settings: Settings) -> str | None:
    """Who holds the warehouse at this moment, since when; None if nobody does.

    Raises:
        WarehouseUnreachable: the lake's catalogue does not answer.
    """
    if is_lake(settings):
        with closing(CatalogLock(settings, "a look")) as lock:
            return lock.held_by()
    try:
        descriptor = os.open(settings.warehouse_lock, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(descriptor)
    finally:
        os.close(descriptor)
    return None


class FileLock:
    """The kernel's lock on a file. The file stays: removing it would let two processes lock two different files."""

    def __init__(self, settings: Settings, owner: str) -> None:
        self._owner = owner
        file = settings.warehouse_lock
        file.parent.mkdir(parents=True, exist_ok=True)
        # a descriptor from os.open is not inherited: a child that outlives the owner does not keep the lock
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        self._taken = False

    def take(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._taken = True
        record = {"owner": self._owner, "pid": os.getpid(), "since": datetime.now(UTC).isoformat("T", "seconds")}
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(record).encode(), 0)
        return True

    def holder(self) -> str:
        return _holder(self._descriptor)

    def close(self) -> None:
        if self._taken:
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _acquire(lock: Lock, settings: Settings) -> None:
    wait = settings.warehouse.lock_wait
    deadline = time.monotonic() + wait.total_seconds()
    waiting_for = None
    while not lock.take():
        holder = lock.holder()
        if time.monotonic() >= deadline:
            raise WarehouseBusy(
                f"the warehouse {'' if is_lake(settings) else f'{settings.warehouse_file} '}is held by {holder}, still "
                f"after {wait} of waiting (warehouse.lock_wait); wait until it ends, or stop it"
            )
        if holder != waiting_for:
            logger.info("waiting up to %s for the warehouse, held by %s", wait, holder)
            waiting_for = holder
        time.sleep(POLL_SECONDS)


def _holder(descriptor: int) -> str:
    try:
        record = json.loads(os.pread(descriptor, 4096, 0))
        return f"{record['owner']!r} (process {record['pid']}, since {record['since']})"
    except ValueError:  # between taking the lock and writing the name
        return "a process that has just taken it"
