"""What the service knows of its own state, asked for by `/health/ready` and written into the metrics every second.

The parts that own a state put their own way of telling it in here when the application is put together (`api.app`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from api import metrics
from api.engine import Engine
from api.replica import StoreState

INTERVAL = 1.0  # seconds

# following: the live overlay takes up what happens; away: the source does not answer; off: nothing looks at the source
SourceState = Literal["following", "away", "off"]


class ExposureCounts(Protocol):
    """Where exposures of this run of the service are."""

    @property
    def queued(self) -> int: ...
    @property
    def spooled(self) -> int: ...
    @property
    def written(self) -> int: ...
    @property
    def lost(self) -> int: ...


class Exposures(Protocol):
    """Whoever keeps exposures."""

    @property
    def counts(self) -> ExposureCounts: ...


@dataclass
class Status:
    """The state of one process of the service."""

    engine: Engine
    source: Callable[[], SourceState] = lambda: "off"
    exposures: Exposures | None = None
    lag: Callable[[], float | None] = lambda: None  # of the live overlay behind the source, in seconds
    store: Callable[[], StoreState] = lambda: "off"

    @property
    def exposures_waiting(self) -> int:
        """Exposures that PostgreSQL has not taken yet."""
        if self.exposures is None:
            return 0
        counts = self.exposures.counts
        return counts.queued + counts.spooled

    def sample(self) -> None:
        """Write the state into the gauges."""
        metrics.SNAPSHOTS_HELD.set(self.engine.held)
        if (age := self.engine.age) is not None:
            metrics.SNAPSHOT_AGE.set(age.total_seconds())
        if (lag := self.lag()) is not None:
            metrics.OVERLAY_LAG.set(lag)
        if self.exposures is not None:
            counts = self.exposures.counts
            for state, gauge in metrics.EXPOSURES.items():
                gauge.set(getattr(counts, state))

    @asynccontextmanager
    async def sampling(self) -> AsyncIterator[None]:
        """Sample every second while the service runs."""
        metrics.forget_dead_workers()
        task = asyncio.create_task(self._sample_for_ever())
        try:
            yield
        finally:
            task.cancel()
            metrics.forget_this_worker()

    async def _sample_for_ever(self) -> None:
        while True:
            self.sample()
            await asyncio.sleep(INTERVAL)
