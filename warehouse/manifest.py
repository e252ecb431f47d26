"""What a snapshot says about itself, and how its files are proved to be the ones it was published with."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from core.errors import SnapshotDamaged, SnapshotOfOtherVersion
from core.settings import Settings

SCHEMA_VERSION = 3
MANIFEST = "manifest.json"
CHUNK_BYTES = 1 << 20


class FileEntry(msgspec.Struct, frozen=True):
    """One file of a snapshot."""

    sha256: str
    bytes: int


class GateOutcome(msgspec.Struct, frozen=True):
    """What the promotion gate said of a retrained pair; the table `gate` of the snapshot has every check."""

    promoted: bool
    reasons: list[str]  # what spoke against it, or could not be checked


class ManifestBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the publisher knows about a snapshot. Times are in UTC; a NaN in `metrics` is written as null."""

    watermark: datetime  # newest event it was made from
    cut: datetime  # the global moment that training and evaluation are split at
    trained_at: datetime  # when its rankers were fitted
    models_from: str | None = None  # the snapshot its rankers were taken from; None: fitted for this one
    rows: dict[str, int]  # by table of features.duckdb
    metrics: dict[str, Any]
    settings: dict[str, Any]  # as `public_settings` gives them
    code_version: str
    judged_until: datetime | None = None  # what the pair's twin in `judged/` has learned from; None: there is no twin
    proven: bool = False  # that twin has beaten random
    gate: GateOutcome | None = None  # None: no gate was passed, as the rankers stood already or it is switched off


class Manifest(ManifestBody, frozen=True, kw_only=True):
    """The whole of `manifest.json`."""

    schema_version: int = SCHEMA_VERSION
    id: str
    created_at: datetime
    files: dict[str, FileEntry]  # by path inside the folder, the manifest itself left out


class _Version(msgspec.Struct):
    schema_version: int


def public_settings(settings: Settings) -> dict[str, Any]:
    """The settings as a snapshot may carry them: without addresses that have a password, and without secrets."""
    hidden: Any = {"source": {"dsn"}, "warehouse": {"catalog"}, "object_store": True, "api": {"dsn"}}
    return settings.model_dump(mode="json", exclude=hidden)


def file_entries(folder: Path) -> dict[str, FileEntry]:
    """Size and hash of every file below `folder` but the manifest, by relative path in order."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: FileEntry(_sha256(path), path.stat().st_size) for name, path in names.items() if name != MANIFEST}


def content_hash(files: Mapping[str, FileEntry]) -> str:
    """The sha256, in hex, over the sorted names and hashes of the files: equal for equal content and nothing else."""
    content = sorted((name, entry.sha256) for name, entry in files.items())
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json`, indented for people."""
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """The manifest in `folder`.

    Raises:
        SnapshotDamaged: it is missing or cannot be read.
        SnapshotOfOtherVersion: it was written by another version of this code.
    """
    file = folder / MANIFEST
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SnapshotDamaged(f"{file} cannot be read: {error}; roll back to another snapshot") from None
    return decode_manifest(content, str(file))


def decode_manifest(content: bytes, where: str) -> Manifest:
    """The manifest that was read from `where`; raises as `read_manifest` does."""
    try:
        version = msgspec.json.decode(content, type=_Version).schema_version
        if version != SCHEMA_VERSION:
            raise SnapshotOfOtherVersion(
                f"{where} is of schema version {version}, this feedrank reads version {SCHEMA_VERSION}; "
                "publish a new snapshot with this version, or open it with the version that wrote it"
            )
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise SnapshotDamaged(f"{where} cannot be read: {error}; roll back to another snapshot") from None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
