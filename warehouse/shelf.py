"""Where the published snapshots are: in a folder of this machine, or in storage that several machines share.

With a store, the folder is this machine's copy of what it serves or works with.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from core.settings import Settings
from warehouse.history import Switch, read_history, write_history
from warehouse.manifest import Manifest, read_manifest
from warehouse.snapshot_folder import CURRENT, current_id, hidden, snapshot_ids, sync
from warehouse.snapshot_store import Head, SnapshotStore


class Shelf(Protocol):
    """All published snapshots, and which of them is live."""

    def ids(self) -> list[str]:
        """Ids, newest first."""

    def live(self) -> str | None:
        """The id of the live one; None before the first publication."""

    def switches(self) -> list[Switch]:
        """When which became live, oldest first."""

    def manifest(self, snapshot_id: str) -> Manifest:
        """What one says about itself; SnapshotDamaged if that cannot be read."""

    def remove(self, snapshot_id: str) -> None:
        """Delete one."""


class FolderShelf:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ids(self) -> list[str]:
        return snapshot_ids(self._folder)

    def live(self) -> str | None:
        return current_id(self._folder)

    def switches(self) -> list[Switch]:
        return read_history(self._folder)

    def manifest(self, snapshot_id: str) -> Manifest:
        return read_manifest(self._folder / snapshot_id)

    def remove(self, snapshot_id: str) -> None:
        # renamed first: a kill in the middle of the removal leaves nothing that looks like a snapshot
        grave = self._folder / hidden("removed", snapshot_id)
        (self._folder / snapshot_id).rename(grave)
        shutil.rmtree(grave)


def store_of(settings: Settings) -> SnapshotStore | None:
    """The shared storage of the settings, if there is one."""
    return None if settings.snapshots.store is None else SnapshotStore(settings)


def shelf_of(settings: Settings) -> Shelf:
    """Where the settings say that snapshots are."""
    return store_of(settings) or FolderShelf(settings.snapshots_folder)


def pull(settings: Settings, store: SnapshotStore, known: Head | None = None) -> Head:
    """Make live on this machine what is so in the store, its files verified; gives what the store said.

    Nothing is done if that is `known` already. Whatever is raised, this machine's own `current` is as it was.

    Raises:
        StoreUnreachable: the store does not answer.
        SnapshotDamaged: the snapshot is not what was published.
    """
    head = store.head(known)
    if head.live is not None and head is not known:
        bring(settings, store, head.live)
        follow(settings, head)
    return head


def bring(settings: Settings, store: SnapshotStore, snapshot_id: str) -> None:
    """Fetch a snapshot that is not here yet; raises as `SnapshotStore.fetch` does."""
    folder = settings.snapshots_folder
    folder.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(folder):
        if not (folder / snapshot_id).is_dir():
            store.fetch(snapshot_id, folder)


def follow(settings: Settings, head: Head) -> None:
    """Let this machine's link and history say what the store does; the snapshot is in the folder."""
    assert head.live is not None
    write_history(settings.snapshots_folder, head.switches)
    point(settings.snapshots_folder, head.live)


def point(folder: Path, snapshot_id: str) -> None:
    """Replace the link `current` in one step."""
    fresh = folder / hidden("current", uuid4().hex[:8])
    fresh.symlink_to(snapshot_id)
    fresh.replace(folder / CURRENT)
    sync(folder)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """The processes of one machine fetch a snapshot once."""
    descriptor = os.open(folder / ".fetching", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
