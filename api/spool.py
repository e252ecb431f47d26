"""A spool on the local disk: lines are appended, synced, and kept in segments until somebody has taken them further.

Each process appends to one segment of its own and holds a kernel lock on it. The lock ends with the process, however
that ends, so a segment whose lock is free is complete: its writer has closed it or is dead. Any process may then take
it. Names begin with the time of creation; sorted, segments are in order.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.logging import get_logger

log = get_logger(__name__)

SUFFIX: Final = ".jsonl"
DAMAGED: Final = ".damaged"
SEGMENT_BYTES: Final = 8 << 20


@dataclass
class _Active:
    """The segment that this process appends to."""

    path: Path
    descriptor: int
    size: int = 0
    lines: int = 0


@dataclass(frozen=True)
class Segment:
    """A complete segment, locked by us."""

    path: Path
    lines: list[bytes]  # in order
    damaged: list[bytes]  # lines that cannot be read
    torn: bytes  # the beginning of a last line whose writer was killed before its end


class Spool:
    """The segments in one folder.

    Args:
        folder: made when it is missing.
        readable: whether a line is one of ours, whole.
        segment_bytes: a segment that has reached this size is closed.

    `append`, `sync` and `rotate` belong to one thread; everything else may be called by another at the same time.
    """

    def __init__(self, folder: Path, readable: Callable[[bytes], bool], segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._readable = readable
        self._segment_bytes = segment_bytes
        self._active: _Active | None = None
        self._last_name = 0
        self._counted: dict[str, int] = {}  # lines of complete segments by name

    def append(self, lines: Sequence[bytes]) -> None:
        """Add whole lines to the active segment; they are kept for certain once `sync` has returned.

        Raises:
            OSError: they could not be written. Nobody will read a part of them; append them again.
        """
        active = self._active = self._active or self._create()
        content = memoryview(b"".join(lines))
        size = len(content)
        try:
            while content:
                content = content[os.write(active.descriptor, content) :]
        except OSError:
            self._abandon(active)
            raise
        active.size += size
        active.lines += len(lines)

    def sync(self) -> None:
        """Bring what has been appended to the disk, and close the segment if it is long enough.

        Raises:
            OSError: it cannot be said what the disk holds; append everything since the last sync again.
        """
        if self._active is None:
            return
        try:
            os.fdatasync(self._active.descriptor)
        except OSError:
            # the kernel may have dropped the pages and would call the next sync a success
            self.rotate()
            raise
        if self._active.size >= self._segment_bytes:
            self.rotate()

    def rotate(self) -> None:
        """Close the active segment, so that it can be taken."""
        active, self._active = self._active, None
        if active is not None:
            self._counted[active.path.name] = active.lines
            os.close(active.descriptor)

    def take(self) -> Iterator[Segment]:
        """The complete segments, oldest first, each locked while the caller has it; `remove` it when that is done."""
        for path in self._segments():
            with _locked(path) as descriptor:
                if descriptor is not None:
                    yield self._read(path, descriptor)

    def remove(self, segment: Segment, refused: Sequence[bytes] = ()) -> None:
        """Delete a segment that `take` gave. Its damaged lines, and those `refused`, stay in a file beside it.

        Raises:
            OSError: it is still there.
        """
        if segment.torn:
            log.warning(
                "the last line of %s is torn after %d bytes, its writer was killed before a sync; it is left out",
                segment.path,
                len(segment.torn),
            )
        if bad := [*segment.damaged, *refused]:
            aside = segment.path.with_suffix(DAMAGED)
            with aside.open("ab") as file:
                file.writelines(bad)
                file.flush()
                os.fdatasync(file.fileno())
            log.error("%d lines of %s cannot be used; they are kept in %s", len(bad), segment.path, aside)
        segment.path.unlink()
        self._counted.pop(segment.path.name, None)
        _sync_folder(self.folder)

    def count(self) -> int:
        """How many lines wait in this process' segment and in all complete ones of the folder."""
        paths = self._segments()
        names = {path.name for path in paths}
        for name in list(self._counted):  # a copy: the appending thread may add one meanwhile
            if name not in names:
                self._counted.pop(name, None)
        for path in paths:
            if path.name not in self._counted:
                with _locked(path) as descriptor:
                    if descriptor is not None:
                        self._counted[path.name] = path.read_bytes().count(b"\n")
        active = self._active
        return sum(list(self._counted.values())) + (active.lines if active else 0)

    def _segments(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{SUFFIX}"))

    def _create(self) -> _Active:
        self.folder.mkdir(parents=True, exist_ok=True)
        while True:
            self._last_name = max(time.time_ns(), self._last_name + 1)  # the clock may be set back
            path = self.folder / f"{self._last_name:020}-{os.getpid()}{SUFFIX}"
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
            # between the two calls another process may have taken the empty file for complete, and removed it
            if _try_lock(descriptor):
                break
            os.close(descriptor)
        try:
            _sync_folder(self.folder)
        except OSError:
            os.close(descriptor)
            raise
        return _Active(path, descriptor)

    def _abandon(self, active: _Active) -> None:
        """Close a segment whose last write failed, cut back to the last whole append."""
        with suppress(OSError):  # what stays is a torn line, or a line that is there once more: both do no harm
            os.ftruncate(active.descriptor, active.size)
        self.rotate()

    def _read(self, path: Path, descriptor: int) -> Segment:
        *whole, rest = _content(descriptor).split(b"\n")
        readable: list[bytes] = []
        damaged: list[bytes] = []
        for line in whole:
            (readable if self._readable(line) else damaged).append(line + b"\n")
        if rest and self._readable(rest):  # killed just before its end
            readable.append(rest + b"\n")
            rest = b""
        return Segment(path, readable, damaged, rest)


@contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """A descriptor that holds the lock of a segment; None if another process has it, or has removed the segment."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        yield descriptor if _try_lock(descriptor) else None
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(descriptor).st_nlink > 0


def _content(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
