"""Answers as of a moment in the past: from the newest snapshot that knew nothing later.

A snapshot's watermark says what it knows. Those that retention has left are all there is to answer from; one or two of
them are held, and loaded when they are first asked for.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from litestar.exceptions import ValidationException

from core.settings import Settings
from warehouse.snapshots import Snapshot, history, list_snapshots

if TYPE_CHECKING:
    from api.engine import Serving

HELD: Final = 2
# a client's clock may be behind, and a snapshot may know events of a minute ago
PRESENT: Final = timedelta(hours=1)


class Past:
    """Snapshots of before, ready to answer. Safe in any thread.

    Args:
        settings: of the whole project.
        load: makes a snapshot ready.
    """

    def __init__(self, settings: Settings, load: Callable[[Snapshot], "Serving"]) -> None:
        self._settings = settings
        self._load = load
        self._held: OrderedDict[str, Serving] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    @staticmethod
    def is_before(when: datetime, now: "Serving") -> bool:
        """Whether a moment lies before what is served now knows; not for an hour more or less."""
        return when < now.live.watermark - PRESENT

    def at(self, when: datetime) -> "Serving":
        """Give what could have answered at `when`, UTC.

        Raises:
            ValidationException: no snapshot of before is kept; says of when the first one is.
            SnapshotDamaged: its files do not match its manifest.
        """
        with self._one_at_a_time:
            ever_live = {switch.snapshot for switch in history(self._settings)}
            kept = [one for one in list_snapshots(self._settings) if one.id in ever_live]
            then = max((one for one in kept if _knows(one) <= when), key=_knows, default=None)
            if then is None:
                first = min(map(_knows, kept), default=datetime.max).isoformat(timespec="seconds")
                message = (
                    f"what was known then is not kept: the oldest snapshot knows events up to {first}; ask for that "
                    "moment or a later one (snapshots_kept says how many stay)"
                )
                raise ValidationException(extra=[{"key": "time", "message": message}])
            if then.id not in self._held:
                self._held[then.id] = self._load(then)
                while len(self._held) > HELD:
                    self._held.popitem(last=False)
            self._held.move_to_end(then.id)
            return self._held[then.id]


def _knows(snapshot: Snapshot) -> datetime:
    return snapshot.manifest.watermark.replace(tzinfo=None)
