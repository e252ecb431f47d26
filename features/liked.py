"""Where in a text space the posts lie that a user liked, as of a cut.

With v(p) the unit vector of post p: liked(u) = Σ_{likes} v(p), scaled to unit length. Its product with the vector of
another post answers "how near is this post to what the user liked".

Each like enters the first cut after its known day; running sums over a user's cuts give all of them in one pass, so
the cost grows with likes, not with cuts.
"""

from collections.abc import Mapping

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.columns import CUT, LIKE, POST_ID, USER_ID

# users whose events are held in memory at once
CHUNK = 50_000
# later than any day, in days since 1970: keeps (user, day) pairs in one sortable integer
DAYS = 1 << 22


class LikedDirections:
    """How often each key's user had liked each post, as a sparse matrix: shared by both text spaces.

    Args:
        con: the warehouse.
        keys: `user_id`, `cut`, sorted by both; each pair once.
        post_ids: (P,) sorted; events of other posts are left out.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, keys: pl.DataFrame, post_ids: NDArray[np.int64]) -> None:
        self._con = con
        self._users, first = np.unique(keys[USER_ID].to_numpy(), return_index=True)
        self._first_key = np.append(first, keys.height)
        self._user_of_key = np.repeat(np.arange(len(self._users)), np.diff(self._first_key))
        self._sort_key = self._user_of_key * DAYS + keys[CUT].to_physical().to_numpy()
        self._post_ids = post_ids

    def within(self, spaces: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """The unit vector of each key in each space, (K, dims), given (P, dims) post vectors; zero without likes."""
        size = len(self._user_of_key)
        result = {arm: np.zeros((size, vectors.shape[1]), np.float32) for arm, vectors in spaces.items()}
        for start in range(0, len(self._users), CHUNK):
            stop = min(start + CHUNK, len(self._users))
            keys = slice(self._first_key[start], self._first_key[stop])
            liked = self._likes(start, stop)
            for arm, vectors in spaces.items():
                total = self._running((liked @ vectors).astype(np.float64), keys)
                norm = np.linalg.norm(total, axis=1, keepdims=True)
                result[arm][keys] = total / np.where(norm > 0, norm, 1)
        return result

    def _likes(self, start: int, stop: int) -> csr_array:
        """Likes of users [start, stop) by the first key that may know them: (keys, P) counts."""
        keys = slice(self._first_key[start], self._first_key[stop])
        events = self._con.execute(
            """
            SELECT user_id, post_id, CAST(known_at AS DATE) AS day
            FROM raw.known_events WHERE action = ? AND user_id BETWEEN ? AND ?
            """,
            [LIKE, int(self._users[start]), int(self._users[stop - 1])],
        ).pl()
        users = events[USER_ID].to_numpy()
        user_rows = np.minimum(np.searchsorted(self._users, users), len(self._users) - 1)
        posts = events[POST_ID].to_numpy()
        post_rows = np.minimum(np.searchsorted(self._post_ids, posts), max(len(self._post_ids) - 1, 0))
        key_rows = np.searchsorted(
            self._sort_key, user_rows * DAYS + events["day"].to_physical().to_numpy(), side="right"
        )
        known = (self._users[user_rows] == users) & (self._post_ids[post_rows] == posts)
        # an event after its user's last cut would fall into the next user's first one
        known &= (key_rows < len(self._sort_key)) & (
            self._user_of_key[np.minimum(key_rows, len(self._sort_key) - 1)] == user_rows
        )
        ones = np.ones(int(known.sum()), dtype=np.float32)
        places = (key_rows[known] - keys.start, post_rows[known])
        return csr_array((ones, places), shape=(keys.stop - keys.start, len(self._post_ids)))

    def _running(self, values: NDArray[np.float64], keys: slice) -> NDArray[np.float64]:
        """Sum (keys, n) values over each user's cuts up to and including each."""
        total = np.cumsum(values, axis=0)
        starts = self._first_key[self._user_of_key[keys]] - keys.start
        before = np.where(starts[:, None] > 0, total[np.maximum(starts - 1, 0)], 0)
        return total - before
