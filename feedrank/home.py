"""The home folder belongs to one command at a time, and to one source for good."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import ServiceError
from core.settings import Settings

POSTGRES_FOLDER = "postgres"
LOGS_FOLDER = "logs"


@contextmanager
def occupied(home: Path) -> Iterator[None]:
    """Keep other demos and services out of `home`; a killed one does not keep it, for the lock is the kernel's.

    Raises:
        ServiceError: another process has it.
    """
    home.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / "in-use.lock", os.O_RDWR | os.O_CREAT, 0o644)  # not inherited by the servers we start
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 20, 0).decode()
            raise ServiceError(
                f"{home.absolute()} is in use by process {owner}; stop it first, or set FEEDRANK_HOME to another folder"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def refuse_other_source(settings: Settings, *, simulated: bool) -> None:
    """Raise ServiceError when the home folder holds data of a demo and not of a network, or the other way round.

    Watermarks and caches of one source make no sense for the other, and a snapshot would mix both.
    """
    is_demo = (settings.home / POSTGRES_FOLDER).exists()
    if is_demo == simulated or not settings.warehouse_file.exists():
        return
    holds, wanted = ("a demo's data", "your network") if is_demo else ("a network's data", "a demo")
    raise ServiceError(f"{settings.home.absolute()} holds {holds}; set FEEDRANK_HOME to another folder for {wanted}")
