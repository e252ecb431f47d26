"""What a check found."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Literal

import msgspec

from core.settings import Settings

Level = Literal["ok", "warning", "wrong"]


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's: how bad it is, what was looked at, what was seen, and what to do about it."""

    level: Level
    what: str
    seen: str
    remedy: str | None = None


Check = Callable[[Settings], Iterable[Finding]]


def spoken(span: timedelta) -> str:
    """A span in its largest unit, for a person."""
    seconds = span.total_seconds()
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
