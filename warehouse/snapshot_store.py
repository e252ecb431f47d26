"""Snapshots on S3-compatible storage: `ID/…` holds the files of a snapshot, `current` says which one is live.

A manifest is written after all other files of its snapshot, so a snapshot without one is not there yet. `current` has
one line a switch, the last of them being what is live, and is replaced by a conditional put: of two publishers that
have seen the same state, one wins, and the other is told. What is read is compared with the manifest's hashes, and the
manifest with the snapshot's name.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotModifiedError, PreconditionError
from obstore.store import S3Store

from core.errors import SnapshotDamaged, SnapshotNotFound, SnapshotRaced, StoreUnreachable
from core.settings import ObjectStoreSettings, Settings
from warehouse.history import Switch, format_history, parse_history
from warehouse.manifest import MANIFEST, FileEntry, Manifest, content_hash, decode_manifest, write_manifest
from warehouse.snapshot_folder import SNAPSHOT_ID, hidden, sync, sync_tree

CURRENT = "current"
SWITCHES_KEPT = 10_000
PART_BYTES = 32 << 20  # of a file, asked for at once
PATIENCE = timedelta(seconds=10)  # with a store that does not answer, retries included


@dataclass(frozen=True)
class Head:
    """What `current` said when it was read."""

    switches: list[Switch]
    e_tag: str | None  # None: nothing has been published

    @property
    def live(self) -> str | None:
        return self.switches[-1].snapshot if self.switches else None


class SnapshotStore:
    """The storage at `snapshots.store`. Each call asks it anew.

    Every method raises StoreUnreachable when it does not answer, or refuses.
    """

    def __init__(self, settings: Settings) -> None:
        self.url = str(settings.snapshots.store)
        self._client = S3Store.from_url(self.url, **_options(settings.object_store))

    def ids(self) -> list[str]:
        """Ids of all complete snapshots, newest first."""
        with self._answering():
            found = obstore.list_with_delimiter(self._client)["common_prefixes"]
            names = [name for name in found if SNAPSHOT_ID.fullmatch(name)]
            complete = [name for name in names if self._size(f"{name}/{MANIFEST}") is not None]
        return sorted(complete, reverse=True)

    def live(self) -> str | None:
        return self.head().live

    def switches(self) -> list[Switch]:
        return self.head().switches

    def manifest(self, snapshot_id: str) -> Manifest:
        """The manifest of a snapshot.

        Raises:
            SnapshotNotFound: there is none by that id.
            SnapshotDamaged: it cannot be read, or is another's.
        """
        where = f"{self.url}/{snapshot_id}/{MANIFEST}"
        try:
            with self._answering():
                content = bytes(obstore.get(self._client, f"{snapshot_id}/{MANIFEST}").bytes())
        except FileNotFoundError:
            raise SnapshotNotFound(f"there is no snapshot {snapshot_id!r} in {self.url}") from None
        manifest = decode_manifest(content, where)
        if manifest.id != snapshot_id or content_hash(manifest.files)[:12] != snapshot_id.rpartition("-")[2]:
            raise SnapshotDamaged(f"{where} is of another snapshot; roll back to another one")
        return manifest

    def head(self, known: Head | None = None) -> Head:
        """What is live and was before; `known` itself if nothing has changed since."""
        options: Any = {"if_none_match": known.e_tag} if known is not None and known.e_tag else {}
        try:
            with self._answering():
                found = obstore.get(self._client, CURRENT, options=options)
                return Head(parse_history(bytes(found.bytes())), found.meta["e_tag"])
        except NotModifiedError:
            assert known is not None
            return known
        except FileNotFoundError:
            return Head([], None)

    def switch(self, switch: Switch, since: Head) -> Head:
        """Make a snapshot live, if nothing else was made so since `since`.

        Raises:
            SnapshotRaced: something was.
        """
        switches = [*since.switches, switch][-SWITCHES_KEPT:]
        mode: Any = "create" if since.e_tag is None else {"e_tag": since.e_tag}
        try:
            with self._answering():
                return Head(switches, obstore.put(self._client, CURRENT, format_history(switches), mode=mode)["e_tag"])
        except (AlreadyExistsError, PreconditionError):
            now = self.head()
            if now.switches[-1:] == [switch]:  # it was ours, whose answer got lost, and the second try was refused
                return now
            raise self.raced(now, switch.snapshot) from None

    def raced(self, now: Head, snapshot_id: str) -> SnapshotRaced:
        """The error of whoever comes second."""
        return SnapshotRaced(
            f"{now.live} has become live in {self.url} meanwhile, and stays so; snapshot {snapshot_id} is stored: "
            f"feedrank snapshot promote {snapshot_id} serves it all the same"
        )

    def upload(self, folder: Path, manifest: Manifest) -> None:
        """Store the files of a complete snapshot, its manifest last."""
        with self._answering():
            for name in (*manifest.files, MANIFEST):
                obstore.put(self._client, f"{manifest.id}/{name}", folder / name)

    def fetch(self, snapshot_id: str, folder: Path) -> None:
        """Bring a snapshot into `folder`, every file verified; it appears there complete or not at all.

        Raises:
            SnapshotNotFound: there is none by that id.
            SnapshotDamaged: names the first file that is not what was published.
        """
        manifest = self.manifest(snapshot_id)
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / hidden("draft", uuid4().hex[:8])
        draft.mkdir()
        try:
            for name, entry in manifest.files.items():
                file = draft / name
                if not file.resolve().is_relative_to(draft.resolve()):
                    raise SnapshotDamaged(f"{name!r} in the manifest of {snapshot_id} lies outside of the snapshot")
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("wb") as out:
                    for part in self._verified(snapshot_id, name, entry):
                        out.write(part)
            write_manifest(draft, manifest)
            sync_tree(draft)
            draft.rename(folder / snapshot_id)
            sync(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def verify(self, snapshot_id: str) -> None:
        """Read every file of a snapshot and compare it with the manifest; raises as `fetch` does."""
        for name, entry in self.manifest(snapshot_id).files.items():
            for _ in self._verified(snapshot_id, name, entry):
                pass

    def remove(self, snapshot_id: str) -> None:
        """Delete a snapshot, its manifest first: a kill in the middle leaves nothing that looks like one."""
        with self._answering():
            obstore.delete(self._client, f"{snapshot_id}/{MANIFEST}")
            rest = [file["path"] for part in obstore.list(self._client, f"{snapshot_id}/") for file in part]
            obstore.delete(self._client, rest)

    def _verified(self, snapshot_id: str, name: str, entry: FileEntry) -> Iterator[bytes]:
        path = f"{snapshot_id}/{name}"
        with self._answering():
            size = self._size(path)
        if size != entry.bytes:
            raise SnapshotDamaged(
                f"{self.url}/{path} has {'no' if size is None else f'{size:,}'} bytes, the manifest says "
                f"{entry.bytes:,}; roll back to another snapshot"
            )
        digest = hashlib.sha256()
        for start in range(0, entry.bytes, PART_BYTES):
            with self._answering():
                length = min(PART_BYTES, entry.bytes - start)
                part = bytes(obstore.get_range(self._client, path, start=start, length=length))
            digest.update(part)
            yield part
        if digest.hexdigest() != entry.sha256:
            raise SnapshotDamaged(f"{self.url}/{path} is not what was published; roll back to another snapshot")

    def _size(self, path: str) -> int | None:
        try:
            return int(obstore.head(self._client, path)["size"])
        except FileNotFoundError:
            return None

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (AlreadyExistsError, PreconditionError, NotModifiedError):
            raise
        except BaseError as error:
            told = str(error).partition("\n")[0]
            raise StoreUnreachable(
                f"the snapshots' storage {self.url} does not answer as it should: {told}; check snapshots.store and "
                "object_store"
            ) from None


def _options(store: ObjectStoreSettings) -> dict[str, Any]:
    words: dict[str, Any] = {
        "region": store.region,
        "virtual_hosted_style_request": store.url_style == "vhost",
        "client_options": {"allow_http": store.allow_http, "connect_timeout": "5s"},
        "retry_config": {"max_retries": 3, "retry_timeout": PATIENCE},
    }
    if store.endpoint is not None:
        words["endpoint"] = store.endpoint
    if store.key_id is not None and store.secret is not None:
        words |= {"access_key_id": store.key_id, "secret_access_key": store.secret.get_secret_value()}
    return words
