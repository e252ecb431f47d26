"""How far a task is, as a progress artifact: Prefect's pages show it, and so does the command line."""

import time
from collections.abc import Callable
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

INTERVAL = 1.0  # seconds between two reports to the server


def report_progress(description: str) -> Callable[[int, int], None]:
    """A callback `(done, total)` for the task that runs; nothing is reported before its first call."""
    artifact: UUID | None = None
    reported = float("-inf")

    def report(done: int, total: int) -> None:
        nonlocal artifact, reported
        now = time.monotonic()
        if now - reported < INTERVAL and done < total:
            return
        reported = now
        percent = 100 * done / max(total, 1)
        if artifact is None:
            artifact = cast("UUID", create_progress_artifact(percent, description=description))
        else:
            update_progress_artifact(artifact, percent)

    return report
