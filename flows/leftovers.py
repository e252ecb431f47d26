"""What killed runs leave in the home folder, and what only grows there: a plain look-up, deleting is the caller's."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from core.settings import Settings

DRAFT = re.compile(r"\.draft-(?P<pid>\d+)-")


def find_leftovers(settings: Settings, older_than: timedelta) -> list[Path]:
    """Paths in the home folder that nobody needs any more, sorted.

    Drafts of snapshots whose process is gone, whatever their age; files that DuckDB spilled, and logs, untouched for
    longer than `older_than`.
    """
    oldest = (datetime.now(UTC) - older_than).timestamp()
    drafts = [path for path in settings.snapshots_folder.glob(".draft-*") if _is_orphan(path)]
    files = [*settings.spill_folder.rglob("*"), *(settings.home / "logs").glob("*.log*")]
    return sorted([*drafts, *(path for path in files if path.is_file() and path.stat().st_mtime < oldest)])


def _is_orphan(draft: Path) -> bool:
    named = DRAFT.match(draft.name)
    return named is not None and not psutil.pid_exists(int(named["pid"]))
