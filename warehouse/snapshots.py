"""Snapshots: written under a temporary name, synced, renamed, then made current by replacing one link.

At any kill there is one valid `current`: a draft has a hidden name and counts for nothing, a renamed folder is
complete, and the link is replaced in one step of the file system. Nothing in a published folder ever changes. With
`snapshots.store`, what is published there is what counts, and the folder is this machine's copy (`warehouse.shelf`).
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec

from core.errors import SnapshotDamaged, SnapshotError, SnapshotNotFound
from core.logging import get_logger
from core.settings import Settings
from core.suggest import meant
from warehouse.history import Action, Switch, append_switch, complete_history
from warehouse.manifest import (
    SCHEMA_VERSION,
    FileEntry,
    GateOutcome,
    Manifest,
    ManifestBody,
    content_hash,
    file_entries,
    public_settings,
    read_manifest,
    write_manifest,
)
from warehouse.retention import refused_ids, retain
from warehouse.shelf import bring, follow, point, pull, shelf_of, store_of
from warehouse.snapshot_folder import CURRENT, SNAPSHOT_ID, current_id, hidden, sweep, sync, sync_tree

__all__ = [
    "SCHEMA_VERSION",
    "FileEntry",
    "GateOutcome",
    "Manifest",
    "ManifestBody",
    "Snapshot",
    "Switch",
    "current",
    "draft",
    "history",
    "list_snapshots",
    "open_snapshot",
    "promote",
    "public_settings",
    "publish",
    "refused_ids",
    "retain",
    "rollback",
    "standing",
    "store",
    "sweep_drafts",
    "verify",
]

ID_TIME = "%Y%m%dT%H%M%SZ"
logger = get_logger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot."""

    id: str
    folder: Path
    manifest: Manifest


@contextmanager
def draft(settings: Settings) -> Iterator[Path]:
    """A hidden folder to fill and `publish`; removed if it has not been published, for whatever reason."""
    folder = settings.snapshots_folder
    folder.mkdir(parents=True, exist_ok=True)
    sweep_drafts(settings)
    path = folder / hidden("draft", uuid4().hex[:8])
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)  # gone already when it has been published


def store(settings: Settings, draft: Path, manifest: ManifestBody) -> Snapshot:
    """Turn `draft` into a complete snapshot that nobody is served, until it is promoted.

    Raises:
        SnapshotError: the draft holds no file.
    """
    files = file_entries(draft)
    if not files:
        raise SnapshotError(f"draft {draft} holds no file; write the snapshot's files before publishing it")
    created_at = _next_moment(settings)
    target = settings.snapshots_folder / f"{created_at:{ID_TIME}}-{content_hash(files)[:12]}"
    whole = Manifest(**msgspec.structs.asdict(manifest), id=target.name, created_at=created_at, files=files)
    write_manifest(draft, whole)
    sync_tree(draft)
    draft.rename(target)
    sync(settings.snapshots_folder)
    snapshot = open_snapshot(settings, target.name)  # as it can be read, and not as it was meant
    if (shared := store_of(settings)) is not None:
        shared.upload(snapshot.folder, snapshot.manifest)
    return snapshot


def publish(settings: Settings, draft: Path, manifest: ManifestBody, *, by: str = "feedrank") -> Snapshot:
    """Turn `draft` into a snapshot and make it current; errors as in `store`.

    Raises:
        SnapshotRaced: another publisher has switched the store's `current` since this machine last looked at it.
    """
    snapshot = store(settings, draft, manifest)
    _switch(settings, snapshot.id, "publish", by)
    return snapshot


def current(settings: Settings) -> Snapshot:
    """The live snapshot.

    Raises:
        SnapshotNotFound: nothing has been published yet.
        SnapshotDamaged: its folder is gone, or its manifest or a file's size is not what it should be.
    """
    if (shared := store_of(settings)) is not None:
        pull(settings, shared)
    link = settings.snapshots_folder / CURRENT
    if not link.is_symlink():
        raise SnapshotNotFound(f"nothing has been published in {settings.snapshots_folder} yet; run retrain/nightly")
    name = link.readlink().name
    if not link.exists():
        raise SnapshotDamaged(f"{link} points to {name}, which does not exist; roll back to {_choice(settings)}")
    return open_snapshot(settings, name)


def standing(settings: Settings) -> Snapshot | None:
    """The live snapshot with every file verified; None before the first one, and where it is damaged (logged)."""
    try:
        snapshot = current(settings)
        verify(snapshot)
    except SnapshotNotFound:
        return None
    except SnapshotDamaged as error:
        logger.warning("the live snapshot counts for nothing: %s", error)
        return None
    return snapshot


def list_snapshots(settings: Settings) -> list[Snapshot]:
    """All published snapshots that can be read, newest first. The others are named in the log."""
    snapshots = []
    shared = store_of(settings)
    for name in shelf_of(settings).ids():
        try:
            if shared is None:
                snapshots.append(open_snapshot(settings, name))
            else:  # its files need not be here
                snapshots.append(Snapshot(name, settings.snapshots_folder / name, shared.manifest(name)))
        except SnapshotDamaged as error:
            logger.warning("%s", error)
    return snapshots


def open_snapshot(settings: Settings, snapshot_id: str) -> Snapshot:
    """The snapshot of that id, its manifest read and its files of the right size; `verify` reads their content.

    One that only the store has is fetched.

    Raises:
        SnapshotNotFound: there is none; lists those there are.
        SnapshotDamaged: the manifest cannot be read or is of another version, a file is missing or of another size.
    """
    folder = settings.snapshots_folder / snapshot_id
    if SNAPSHOT_ID.fullmatch(snapshot_id) and not folder.is_dir() and (shared := store_of(settings)) is not None:
        bring(settings, shared, snapshot_id)
    if not SNAPSHOT_ID.fullmatch(snapshot_id) or not folder.is_dir():
        raise SnapshotNotFound(f"there is no snapshot {snapshot_id!r}; {meant(snapshot_id, shelf_of(settings).ids())}")
    manifest = read_manifest(folder)
    for name, entry in manifest.files.items():
        file = folder / name
        size = file.stat().st_size if file.is_file() else None
        if size != entry.bytes:
            raise SnapshotDamaged(
                f"{file} has {'no' if size is None else f'{size:,}'} bytes, the manifest says {entry.bytes:,}; "
                "roll back to another snapshot"
            )
    return Snapshot(snapshot_id, folder, manifest)


def verify(snapshot: Snapshot) -> None:
    """Read every file and compare it with the manifest, and the manifest with the snapshot's name.

    Raises:
        SnapshotDamaged: names the first file that differs, is missing, or does not belong.
    """
    found = file_entries(snapshot.folder)
    wanted = snapshot.manifest.files
    for name in sorted(found.keys() | wanted.keys()):
        file = snapshot.folder / name
        if name not in found:
            raise SnapshotDamaged(f"{file} is missing; roll back to another snapshot")
        if name not in wanted:
            raise SnapshotDamaged(f"{file} is not in the manifest; a snapshot never changes: remove the file")
        if found[name] != wanted[name]:
            raise SnapshotDamaged(f"{file} has changed since it was published; roll back to another snapshot")
    if content_hash(wanted)[:12] != snapshot.id.rpartition("-")[2] or snapshot.manifest.id != snapshot.id:
        raise SnapshotDamaged(f"the manifest in {snapshot.folder} is of another snapshot; roll back to another one")


def rollback(settings: Settings, snapshot_id: str | None = None, *, by: str = "feedrank") -> Snapshot:
    """Make `snapshot_id` current, by default the newest that is older than the current one, after verifying it.

    Raises:
        SnapshotNotFound: there is none by that id, or none older.
        SnapshotError: it was never live, because the gate refused it.
        SnapshotDamaged: it is not what was published; `current` stays.
    """
    refused = refused_ids(settings)
    if snapshot_id is None:
        shelf = shelf_of(settings)
        live = shelf.live()
        names = [name for name in shelf.ids() if name not in refused]
        older = [name for name in names if live is not None and name < live]
        if not older:
            raise SnapshotNotFound(f"no snapshot is older than the current one ({live}); nothing to roll back to")
        snapshot_id = older[0]
    if snapshot_id in refused:
        raise SnapshotError(
            f"snapshot {snapshot_id} was never live, so nothing can roll back to it; "
            f"feedrank snapshot promote {snapshot_id} overrides the gate"
        )
    return _serve(settings, snapshot_id, "rollback", by)


def promote(settings: Settings, snapshot_id: str, *, by: str) -> Snapshot:
    """Make any snapshot current by somebody's decision, one that the gate refused included, after verifying it.

    Raises:
        SnapshotNotFound: there is none by that id.
        SnapshotDamaged: it is not what was stored; `current` stays.
    """
    return _serve(settings, snapshot_id, "promote", by)


def sweep_drafts(settings: Settings) -> list[str]:
    """Remove what dead processes left under hidden names; gives the names removed."""
    return sweep(settings.snapshots_folder)


def history(settings: Settings) -> list[Switch]:
    """When which snapshot became live, oldest first."""
    return shelf_of(settings).switches()


def _serve(settings: Settings, snapshot_id: str, action: Action, by: str) -> Snapshot:
    snapshot = open_snapshot(settings, snapshot_id)
    verify(snapshot)
    _switch(settings, snapshot_id, action, by)
    return snapshot


def _switch(settings: Settings, snapshot_id: str, action: Action, by: str) -> None:
    folder = settings.snapshots_folder
    switch = Switch(datetime.now(UTC), snapshot_id, action, by)
    if (shared := store_of(settings)) is None:
        complete_history(folder, folder / CURRENT)
        point(folder, snapshot_id)
        append_switch(folder, switch)
        return
    head = shared.head()
    # what this machine saw live when its run began must still be so; what a person decides needs no such check
    if action == "publish" and head.live not in (None, current_id(folder)):
        raise shared.raced(head, snapshot_id)
    follow(settings, shared.switch(switch, head))


def _next_moment(settings: Settings) -> datetime:
    """Now, or a second after the newest snapshot: their names sort in the order in which they were published."""
    moment = datetime.now(UTC).replace(microsecond=0)
    for newest in shelf_of(settings).ids()[:1]:
        published = datetime.strptime(newest.partition("-")[0], ID_TIME).replace(tzinfo=UTC)
        moment = max(moment, published + timedelta(seconds=1))
    return moment


def _choice(settings: Settings) -> str:
    return ", ".join(shelf_of(settings).ids()) or "none"
