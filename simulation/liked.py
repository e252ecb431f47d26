"""Who has liked what so far: nobody likes a post twice."""

import numpy as np
from numpy.typing import NDArray


class LikedPairs:
    """One bit for each pair of user and post, both by their rows."""

    def __init__(self, users: int, posts: int) -> None:
        self._bits = np.zeros((users, -(-posts // 8)), dtype=np.uint8)

    def has(self, user: NDArray[np.int64], post: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which pairs there are. (n,)"""
        byte, bit = _place(post)
        found: NDArray[np.bool_] = self._bits[user, byte] & bit != 0
        return found

    def add(self, user: NDArray[np.int64], post: NDArray[np.int64]) -> None:
        byte, bit = _place(post)
        np.bitwise_or.at(self._bits, (user, byte), bit)

    def first(self, user: NDArray[np.int64], post: NDArray[np.int64], wants: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Of the views that would be liked, those of a post the user has never liked before; adds them. (n,)"""
        rows = np.flatnonzero(wants & ~self.has(user, post))
        _, first = np.unique(user[rows] * (self._bits.shape[1] * 8) + post[rows], return_index=True)
        liked = np.zeros(len(user), dtype=bool)
        liked[rows[first]] = True
        self.add(user[liked], post[liked])
        return liked


def _place(post: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    return post >> 3, np.uint8(1) << (post & 7).astype(np.uint8)
