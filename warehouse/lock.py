"""One writer at a time: a lock on the warehouse that a dead owner cannot keep.

Prefect's own limits stay taken when a worker dies, so the warehouse has a lock of the kernel's: it ends with the
process, however that ends. The file stays where it is; removing it would let two processes lock two different files.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from core.errors import WarehouseBusy
from core.logging import get_logger
from core.settings import Settings

POLL_SECONDS = 0.1
logger = get_logger(__name__)


@contextmanager
def warehouse_lock(settings: Settings, owner: str) -> Iterator[None]:
    """Hold the warehouse under the name `owner`, waiting up to `warehouse.lock_wait` for whoever holds it.

    Raises:
        WarehouseBusy: it was still held when the time to wait was over; names the holder.
    """
    file = settings.warehouse_lock
    file.parent.mkdir(parents=True, exist_ok=True)
    # a descriptor from os.open is not inherited: a child that outlives the owner does not keep the lock
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, settings)
        _write(descriptor, {"owner": owner, "pid": os.getpid(), "since": datetime.now(UTC).isoformat("T", "seconds")})
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def lock_holder(settings: Settings) -> str | None:
    """Who holds the warehouse at this moment, since when; None if nobody does."""
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


def _acquire(descriptor: int, settings: Settings) -> None:
    wait = settings.warehouse.lock_wait
    deadline = time.monotonic() + wait.total_seconds()
    waiting_for = None
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(descriptor)
        else:
            return
        if time.monotonic() >= deadline:
            raise WarehouseBusy(
                f"the warehouse {settings.warehouse_file} is held by {holder}, still after {wait} of waiting "
                "(warehouse.lock_wait); wait until it ends, or stop it"
            )
        if holder != waiting_for:
            logger.info("waiting up to %s for the warehouse, held by %s", wait, holder)
            waiting_for = holder
        time.sleep(POLL_SECONDS)


def _write(descriptor: int, record: dict[str, str | int]) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(record).encode(), 0)


def _holder(descriptor: int) -> str:
    try:
        record = json.loads(os.pread(descriptor, 4096, 0))
        return f"{record['owner']!r} (process {record['pid']}, since {record['since']})"
    except ValueError:  # between taking the lock and writing the name
        return "a process that has just taken it"
