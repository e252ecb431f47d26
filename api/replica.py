"""A replica: the snapshot that is live in the shared store is brought to this machine, where the engine finds it.

The store is asked as often as the engine looks at `current`. While it is away, or what it has is not what was
published, the service goes on with what it has, and `/health/ready` says so.
"""

import threading
from typing import Literal

from core.errors import FeedrankError, StoreUnreachable
from core.logging import get_logger
from core.settings import Settings
from warehouse.retention import retain_copies
from warehouse.shelf import pull, store_of
from warehouse.snapshot_store import Head

log = get_logger(__name__)

# following: what is live in the store is here; away: the store does not answer; refused: what it has cannot be used;
# off: there is no store
StoreState = Literal["following", "away", "refused", "off"]
AGAIN = 60.0  # seconds until a snapshot that was refused is fetched again
STOP_WAIT = 3  # seconds for a fetch that is under way when the service stops


class Replica:
    """Follows the store of the settings in a thread of its own; does nothing where there is none."""

    def __init__(self, settings: Settings) -> None:
        self.state: StoreState = "off"
        self._settings = settings
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="snapshot-store", daemon=True)

    def start(self) -> None:
        if self._settings.snapshots.store is not None:
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(STOP_WAIT)

    def _follow(self) -> None:
        store = store_of(self._settings)
        assert store is not None
        interval = self._settings.api.reload_interval.total_seconds()
        known: Head | None = None
        wait = 0.0
        while not self._stopped.wait(wait):
            wait = interval
            try:
                head = pull(self._settings, store, known)
                if head is not known:
                    retain_copies(self._settings, self._settings.snapshots_kept)
                known = head
                self._become("following", f"snapshot {head.live} of {store.url}")
            except StoreUnreachable as error:
                self._become("away", str(error))
            except (FeedrankError, OSError) as error:
                self._become("refused", str(error))
                wait = max(AGAIN, interval)

    def _become(self, state: StoreState, told: str) -> None:
        if state != self.state:
            (log.info if state == "following" else log.error)("the snapshots' store is %s: %s", state, told)
        self.state = state
