"""How often one may ask: the generic cell rate algorithm (ITU-T I.371, annex A), one number for each who asks.

The number is the moment at which the next request would come if all came evenly. A request may be early by what a full
second holds; one that is earlier waits. Litestar's rate limit keeps a list of all requests as JSON and takes a hundred
times as long.
"""

from collections.abc import Hashable
from typing import Final

REMEMBERED: Final = 10_000  # of those who ask; who has been away long enough is forgotten above it


class Limiter:
    """Counts for one process."""

    def __init__(self) -> None:
        self._next: dict[Hashable, float] = {}

    def wait(self, who: Hashable, rate: float, now: float) -> float:
        """Seconds until `who`, with `rate` requests a second, may ask again; 0: at once, and it is counted.

        `now` is in seconds, by a clock that never goes back.
        """
        early = max(1.0, 1 / rate)  # a second's worth of requests at once, or one
        due = max(self._next.get(who, 0.0), now)
        if (wait := due + 1 / rate - early - now) > 1e-9:
            return wait
        if who not in self._next and len(self._next) >= REMEMBERED:
            self._forget(now)
        self._next[who] = due + 1 / rate
        return 0.0

    def _forget(self, now: float) -> None:
        """Drop who would not wait; if nobody is such, everybody, or an army of addresses would fill the memory."""
        self._next = {who: due for who, due in self._next.items() if due > now}
        if len(self._next) >= REMEMBERED:
            self._next.clear()
