"""Candidates and nightly lists of all users, partition by partition.

A partition is the users whose ids fall to it by a hash. One function makes it from files (`make_partition`), in a
thread here or in a process elsewhere, and leaves a file; what that holds of a user does not depend on who else is in
it.
`ranking.batch_files` puts the files together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.hashing import partition_of
from core.settings import RankingSettings
from features.array_files import Arrays, mapped, save_arrays
from features.likes import entries_of
from ranking.kept import packed
from ranking.lists import Brought
from ranking.recommender import Recommender

USERS_A_PARTITION = 4_096
# users whose scores of all posts are held at once, in two sheets: at 7,000 posts of 2 MB each
USERS_AT_ONCE = 64
MOST_CELLS = 1 << 22  # of a sheet: with very many posts there are fewer users
WANTED = "rows"


@dataclass(frozen=True)
class Partition:
    """What is to be made of some users, told by names and numbers."""

    folder: Path  # the snapshot under construction: its state, rankers and index
    file: Path  # where to leave what was found
    number: int  # of `parts`
    parts: int
    ranking: RankingSettings
    wanted: Path | None  # the rows of the users to be made, as `save_wanted` wrote them; None: all of them


def partitions(
    folder: Path, parts_folder: Path, users: int, ranking: RankingSettings, wanted: Path | None = None
) -> list[Partition]:
    """Divide the users of a snapshot under construction; what is made goes to `parts_folder`."""
    parts = max(1, -(-users // USERS_A_PARTITION))
    return [
        Partition(folder, parts_folder / f"{number:06}.safetensors", number, parts, ranking, wanted)
        for number in range(parts)
    ]


def save_wanted(rows: NDArray[np.int64], path: Path) -> None:
    """Write the rows of users to be made, (n,) ascending; the unseen user's is the number of users."""
    save_arrays({WANTED: rows}, path, {})


def make_partition(partition: Partition) -> Path:
    """Find candidates and lists of the partition's users in every arm, and write them to its file.

    Lists are those of a request at noon of the first day after the cut. The file holds `rows` (n,) ascending, and of
    each arm `counts` (n,) and `candidates` as `ranking.kept` packs them, and the four arrays of `Lists` (n, limit).
    """
    recommender = _recommender(partition.folder, partition.ranking)
    state = recommender.state
    users = len(state.user_ids)
    rows = np.flatnonzero(np.append(partition_of(state.user_ids, partition.parts), 0) == partition.number)
    if partition.wanted:
        rows = np.intersect1d(rows, mapped(partition.wanted)[0][WANTED], assume_unique=True)
    noon = datetime.combine(state.cut, time()) + timedelta(hours=12)
    limit = partition.ranking.recommendations_per_user
    # those with few likes first: how far an order of posts is looked through depends on who of a chunk has most
    by_likes = rows[np.argsort(state.liked_offsets[rows + 1] - state.liked_offsets[rows], kind="stable")]
    step = _users_at_once(len(state.post_ids))
    sheets = np.empty((2, step, len(state.post_ids)), np.float32)
    ids = np.append(state.user_ids, 0)
    made: dict[str, list[Brought]] = {arm: [] for arm in recommender.rankers}
    for start in range(0, len(by_likes), step):
        # always as many, or products would be summed in other ways: the last chunk is filled up with the unseen user
        chunk = np.append(by_likes[start : start + step], np.full(max(0, start + step - len(by_likes)), users))
        for arm, brought in recommender.batch(chunk, ids[chunk], noon, limit, sheets).items():
            made[arm].append(brought)
    arrays: Arrays = {"rows": rows}
    back = np.argsort(by_likes)
    for arm, of_chunks in made.items():
        of_arm = _in_order(of_chunks, back, step, len(state.post_ids), limit)
        arrays |= {f"{arm}_{name}": values for name, values in of_arm}
    save_arrays({name: np.ascontiguousarray(of) for name, of in arrays.items()}, partition.file, {})
    return partition.file


@lru_cache(maxsize=1)
def _recommender(folder: Path, ranking: RankingSettings) -> Recommender:
    """One for all partitions that this process makes of a snapshot; each is made by one thread."""
    return Recommender.open(folder, 1, ranking)


def forget_recommender() -> None:
    """Let go of the snapshot whose partitions were made last."""
    _recommender.cache_clear()


def _users_at_once(posts: int) -> int:
    """A power of two: products of so many users are summed in one way, whichever place a user has among them."""
    return 1 << (max(1, min(USERS_AT_ONCE, MOST_CELLS // max(1, posts))).bit_length() - 1)


def _in_order(
    brought: list[Brought], order: NDArray[np.int64], step: int, width: int, limit: int
) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Lay out what chunks of `step` users brought, in another order; users behind those of `order` are left out."""
    of_chunks = [packed(one.candidates, step, width) for one in brought]
    counts = np.concatenate([np.zeros(0, np.int64), *(counts for counts, _ in of_chunks)])
    together = np.concatenate([np.zeros(0, np.uint32), *(cells for _, cells in of_chunks)])
    starts = np.cumsum(counts) - counts
    yield "counts", counts[order]
    yield "candidates", together[entries_of(starts[order], counts[order])]
    empty = np.zeros((0, limit))
    for name, kind in (
        ("posts", np.int32),
        ("scores", np.float32),
        ("sources", np.int32),
        ("propensities", np.float64),
    ):
        yield name, np.concatenate([empty, *(getattr(one.lists, name) for one in brought)])[order].astype(kind)
