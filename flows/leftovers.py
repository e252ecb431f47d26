"""What killed runs leave in the home folder, and what only grows there: a plain look-up, deleting is the caller's."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.settings import Settings


def find_leftovers(settings: Settings, older_than: timedelta) -> list[Path]:
    """Files that DuckDB spilled and logs, both untouched for longer than `older_than`, sorted.

    Drafts of snapshots are not among them: each publication sweeps those of dead processes away.
    """
    oldest = (datetime.now(UTC) - older_than).timestamp()
    files = [*settings.spill_folder.rglob("*"), *(settings.home / "logs").glob("*.log")]
    return sorted(path for path in files if path.is_file() and path.stat().st_mtime < oldest)
