"""Candidates of every user, found when a snapshot is written: they do not depend on the moment of a request.

What the sources bring to a user changes with the state and with nothing else, so a request need not look at all posts
again: it reads the user's candidates where they lie, and ranks them. Users whose taste has moved since, topics and
lists of posts that are not wanted are looked up anew, in the same way.
"""

import os
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.columns import ARMS
from features.array_files import mapped, new_arrays, read_header
from features.likes import entries_of, ranges
from ranking.candidates import SOURCE_NAMES, Candidates
from ranking.shelf import Rows

SOURCE_BITS = 3
SOURCE_MASK = np.uint32((1 << SOURCE_BITS) - 1)
BYTES = np.dtype(np.uint32).itemsize
assert len(SOURCE_NAMES) <= 1 << SOURCE_BITS


class Kept:
    """The candidates of U users and of the one nobody has seen, of one arm, in a file.

    A request reads its user's few hundred bytes from the file. They are not mapped into memory, where every page that
    was ever touched would count as the process's own.
    """

    def __init__(self, path: Path) -> None:
        arrays, told = mapped(path)
        self.posts: int = told["posts"]  # so many there were
        self.found_with: dict[str, str] = told["found_with"]
        self.offsets: NDArray[np.int64] = arrays["offsets"]  # (U + 2,) where each user's begin; the last: the unseen
        self.packed: NDArray[np.uint32] = arrays["packed"]  # row of the post, ascending, and in three bits its source
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
        with path.open("rb") as file:
            header, begin = read_header(file)
        self._begin = begin + header["packed"]["data_offsets"][0]

    def candidates(self, user_rows: NDArray[np.int64], width: int) -> Candidates:
        """Unpack those of some users (n,); row -1 is the user nobody has seen. P posts is `width`."""
        rows = np.where(user_rows < 0, len(self.offsets) - 2, user_rows)
        starts, ends = self.offsets[rows], self.offsets[rows + 1]
        if len(rows) == 1:
            start, length = int(starts[0]), int(ends[0] - starts[0])
            content = os.pread(self._file, BYTES * length, self._begin + BYTES * start)
            packed = np.frombuffer(content, np.uint32)
            return Candidates((packed >> SOURCE_BITS).astype(np.int64), (packed & SOURCE_MASK).astype(np.uint8))
        places, owners = ranges(starts, ends)
        packed = self.packed[places]
        return Candidates(owners * width + (packed >> SOURCE_BITS), (packed & SOURCE_MASK).astype(np.uint8))


def packed(found: Candidates, users: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Pack the candidates of so many users: how many each has (users,), and the posts with their sources, (m,)."""
    owners, rows = np.divmod(found.cells, width)
    counts: NDArray[np.int64] = np.bincount(owners, minlength=users)
    cells = (rows.astype(np.uint32) << np.uint32(SOURCE_BITS)) | found.sources.astype(np.uint32)
    return counts, cells


def save_kept(
    found: Sequence[tuple[Rows, Rows, NDArray[np.uint32]]],
    users: int,
    width: int,
    folder: Path,
    arm: str,
    found_with: Mapping[str, Any],
) -> None:
    """Write what was found for parts of the users into a snapshot under construction.

    Args:
        found: of each part the rows of its users (n,), ascending, and their candidates as `packed` gives them; the row
            of the user nobody has seen is `users`.
        users: how many there are.
        width: P posts.
        folder: of the snapshot.
        arm: whose candidates.
        found_with: the settings that decide what is found.
    """
    counts = np.zeros(users + 1, np.int64)
    for rows, of_part, _ in found:
        counts[rows] = of_part
    shapes: dict[str, tuple[type[np.generic], int]] = {
        "offsets": (np.int64, users + 2),
        "packed": (np.uint32, int(counts.sum())),
    }
    told = {"posts": width, "found_with": _told(found_with)}
    with new_arrays(folder / kept_file(arm), shapes, told) as arrays:
        arrays["offsets"][1:] = np.cumsum(counts)
        for rows, of_part, candidates in found:
            arrays["packed"][entries_of(arrays["offsets"][rows], of_part)] = candidates


def open_kept(folder: Path, found_with: Mapping[str, Any]) -> dict[str, Kept]:
    """Open what was kept, by arm; nothing if there is none, or if it was found with other settings."""
    files = {arm: folder / kept_file(arm) for arm in ARMS}
    opened = {arm: Kept(file) for arm, file in files.items() if file.exists()}
    return {arm: kept for arm, kept in opened.items() if kept.found_with == _told(found_with)}


def kept_file(arm: str) -> str:
    """Name an arm's file within a snapshot."""
    return f"{arm}.candidates.safetensors"


def _told(found_with: Mapping[str, Any]) -> dict[str, str]:
    return {name: repr(value) for name, value in found_with.items()}
