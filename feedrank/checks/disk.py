"""The disk below the home folder: room for what runs write, and exposures that wait there."""

import shutil
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from core.settings import Settings
from feedrank.checks.finding import Finding, spoken

GIB = 1 << 30
# a run that begins with less is likely to end with a full disk
LEAST = 1 * GIB
NANOSECONDS = 1_000_000_000


def check_space(settings: Settings) -> Iterable[Finding]:
    """A run writes a snapshot, and spills about what the warehouse holds."""
    home = settings.home.absolute()
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    largest = max(
        (_size(folder) for folder in settings.snapshots_folder.glob("*") if not folder.is_symlink()), default=0
    )
    warehouse = settings.warehouse_file.stat().st_size if settings.warehouse_file.exists() else 0
    wanted = LEAST + 2 * largest + warehouse
    seen = f"{free / GIB:.1f} GiB free below {home}, a run may need {wanted / GIB:.1f}"
    remedy = "free space, lower snapshots_kept, or run cleanup/weekly"
    if free < LEAST:
        yield Finding("wrong", "disk", seen, remedy)
    elif free < wanted:
        yield Finding("warning", "disk", seen, remedy)
    else:
        yield Finding("ok", "disk", seen)


def check_spool(settings: Settings) -> Iterable[Finding]:
    """Exposures wait here while PostgreSQL is away; a segment's name begins with the nanosecond it was begun in."""
    folder = settings.exposure_spool
    if damaged := sorted(folder.glob("*.damaged")):
        seen = f"{len(damaged)} files hold lines that cannot be used, the first is {damaged[0]}"
        yield Finding("warning", "exposure spool", seen, "look into them, then move them away")
    waiting = sorted(path for path in folder.glob("*.jsonl") if path.stat().st_size)
    if not waiting:
        yield Finding("ok", "exposure spool", "nothing waits")
        return
    begun, _, _ = waiting[0].name.partition("-")
    age = timedelta(seconds=time.time() - int(begun) / NANOSECONDS) if begun.isdigit() else timedelta(0)
    seen = f"{len(waiting)} segments wait, the oldest for {spoken(age)}"
    if age > settings.doctor.spool_age:
        remedy = (
            "start the API, or look whether it reaches PostgreSQL and may write there; it writes what waits by itself"
        )
        yield Finding("warning", "exposure spool", seen, remedy)
    else:
        yield Finding("ok", "exposure spool", seen)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
