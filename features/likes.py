"""Who liked what, as one array of posts and the place where each user's begin."""

import numpy as np
from numpy.typing import NDArray


def liked_lists(
    user_ids: NDArray[np.int64],  # (U,) ascending
    post_ids: NDArray[np.int64],  # (P,) ascending
    like_users: NDArray[np.int64],  # (L,) ascending
    like_posts: NDArray[np.int64],  # (L,)
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Lay out who liked what as offsets (U + 2,) into post rows (L,); the last list, of the unseen user, is empty."""
    ends = np.searchsorted(like_users, user_ids, side="right")
    offsets = np.concatenate([[0], ends, ends[-1:] if len(ends) else [0]]).astype(np.int64)
    return offsets, np.searchsorted(post_ids, like_posts).astype(np.int32)


def likes_of(
    offsets: NDArray[np.int64], posts: NDArray[np.int32], user_rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Lay out the likes of some users (n,) the same way: offsets (n + 1,) and post rows; row -1 is the unseen user."""
    rows = np.where(user_rows < 0, len(offsets) - 2, user_rows)
    starts, ends = offsets[rows], offsets[rows + 1]
    if len(rows) == 1:  # a request: nothing need be gathered
        return np.array([0, ends[0] - starts[0]]), posts[starts[0] : ends[0]]
    return np.concatenate([[0], np.cumsum(ends - starts)]), posts[ranges(starts, ends)[0]]


def owners_of(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tell whose list each entry is in, for lists of n users laid out by offsets (n + 1,)."""
    if len(offsets) == 2:
        return np.zeros(offsets[1], np.int64)
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def ranges(starts: NDArray[np.integer], ends: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count up from each start to its end, one range after the other; and which range each number is of."""
    lengths = ends - starts
    return entries_of(starts, lengths), np.repeat(np.arange(len(lengths)), lengths)


def entries_of(starts: NDArray[np.integer], lengths: NDArray[np.integer]) -> NDArray[np.int64]:
    """Count up from each start, as many numbers as its length says, one range after the other.

    >>> entries_of(np.array([10, 20]), np.array([2, 3])).tolist()
    [10, 11, 20, 21, 22]
    """
    before = np.cumsum(lengths, dtype=np.int64)
    total = int(before[-1]) if len(before) else 0
    before -= lengths
    return np.arange(total) + np.repeat(starts - before, lengths)
