"""The same snapshot once more, under a new id."""

import shutil
from collections.abc import Callable
from pathlib import Path

from core.settings import Settings
from warehouse.snapshots import ManifestBody, Snapshot, current, draft, publish


def publish_again(settings: Settings) -> Snapshot:
    """Publish the files of the current snapshot under a new id."""
    return again(settings, publish)


def again(settings: Settings, put: Callable[[Settings, Path, ManifestBody], Snapshot]) -> Snapshot:
    """Publish or store the files of the current snapshot under a new id."""
    standing = current(settings)
    with draft(settings) as folder:
        shutil.copytree(standing.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("manifest.json"))
        body = {field: getattr(standing.manifest, field) for field in ManifestBody.__struct_fields__}
        return put(settings, folder, ManifestBody(**body))
