"""The names in the snapshots folder, and making what is in it last."""

import os
import re
import shutil
from pathlib import Path

CURRENT = "current"
SNAPSHOT_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{12}")
HIDDEN = re.compile(r"\.(?:draft|removed|current)-(?P<pid>\d+)-.+")


def snapshot_ids(folder: Path) -> list[str]:
    """Ids of all published snapshots, newest first."""
    return sorted((path.name for path in folder.glob("*") if SNAPSHOT_ID.fullmatch(path.name)), reverse=True)


def current_id(folder: Path) -> str | None:
    """The id that the link names, whether or not its folder is there; None before the first publication."""
    link = folder / CURRENT
    return link.readlink().name if link.is_symlink() else None


def hidden(purpose: str, rest: str) -> str:
    """A name for something that counts for nothing once this process is dead."""
    return f".{purpose}-{os.getpid()}-{rest}"


def sweep(folder: Path) -> list[str]:
    """Remove what dead processes left under hidden names; gives the names removed."""
    swept = []
    for path in sorted(folder.glob(".*")):
        match = HIDDEN.fullmatch(path.name)
        if match is None or _is_alive(int(match["pid"])):
            continue
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path)
        swept.append(path.name)
    return swept


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """`sync` of everything below `folder`, and of itself."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # alive, of another user
        return True
    return True
