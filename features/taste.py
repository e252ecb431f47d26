"""A user's taste in a text space, as of a cut, from the posts viewed and liked before it.

With v(p) the unit vector of post p and r the user's smoothed like rate,

    liked(u) = Σ_{likes} v(p),  scaled to unit length
    taste(u) = ( Σ_{likes} v(p) - r · Σ_{views} v(p) ) / (views + 20)

`liked` answers "how near is this post to what the user liked". `taste` subtracts what a user of no taste would have
liked of the same posts: it is the gradient of a logistic model's log-likelihood at zero weights (Hastie, Tibshirani and
Friedman, The Elements of Statistical Learning, eq. 4.21), shrunk for users with few views.

Each event enters the first cut after its known day; running sums over a user's cuts give all of them in one pass, so
the cost grows with events, not with cuts.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.columns import CUT, LIKE, POST_ID, USER_ID

SHRINKAGE = 20.0
# users whose events are held in memory at once
CHUNK = 20_000
# later than any day, in days since 1970: keeps (user, day) pairs in one sortable integer
DAYS = 1 << 22


@dataclass(frozen=True)
class Taste:
    """Two vectors for each (user, cut) key; all-zero where the user liked (or viewed) nothing with a text."""

    liked: NDArray[np.float32]  # (K, dims) unit length
    taste: NDArray[np.float32]  # (K, dims)


class TasteCounts:
    """How often each key's user had viewed and liked each post, as sparse matrices: shared by both text spaces.

    Args:
        con: the warehouse.
        keys: `user_id`, `cut`, sorted by both; each pair once.
        post_ids: (P,) sorted; events of other posts are left out.
        like_rate: (K,) the smoothed like rate of each key; NaN counts as zero.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        keys: pl.DataFrame,
        post_ids: NDArray[np.int64],
        like_rate: NDArray[np.float32],
    ) -> None:
        self._con = con
        self._users, first = np.unique(keys[USER_ID].to_numpy(), return_index=True)
        self._first_key = np.append(first, keys.height)
        self._user_of_key = np.repeat(np.arange(len(self._users)), np.diff(self._first_key))
        self._sort_key = self._user_of_key * DAYS + keys[CUT].to_physical().to_numpy()
        self._post_ids = post_ids
        self._like_rate = np.nan_to_num(like_rate.astype(np.float64))

    def tastes(self, spaces: dict[str, NDArray[np.float32]]) -> dict[str, Taste]:
        """Compute the tastes in each space, given its (P, dims) post vectors."""
        size = len(self._user_of_key)
        result = {
            arm: Taste(np.zeros((size, v.shape[1]), np.float32), np.zeros((size, v.shape[1]), np.float32))
            for arm, v in spaces.items()
        }
        for start in range(0, len(self._users), CHUNK):
            stop = min(start + CHUNK, len(self._users))
            keys = slice(self._first_key[start], self._first_key[stop])
            liked, viewed = self._events(start, stop)
            views = self._running(np.asarray(viewed.sum(axis=1), dtype=np.float64)[:, None], keys)
            rate = self._like_rate[keys][:, None]
            for arm, vectors in spaces.items():
                likes_sum = self._running((liked @ vectors).astype(np.float64), keys)
                views_sum = self._running((viewed @ vectors).astype(np.float64), keys)
                norm = np.linalg.norm(likes_sum, axis=1, keepdims=True)
                result[arm].liked[keys] = likes_sum / np.where(norm > 0, norm, 1)
                result[arm].taste[keys] = (likes_sum - rate * views_sum) / (views + SHRINKAGE)
        return result

    def _events(self, start: int, stop: int) -> tuple[csr_array, csr_array]:
        """Likes and views of users [start, stop) by first key that may know them: two (keys, P) count matrices."""
        keys = slice(self._first_key[start], self._first_key[stop])
        events = self._con.execute(
            """
            SELECT user_id, post_id, CAST(known_at AS DATE) AS day, action = ? AS is_like
            FROM raw.known_events WHERE user_id BETWEEN ? AND ?
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
        is_like = events["is_like"].to_numpy()
        shape = (keys.stop - keys.start, len(self._post_ids))

        def counts(chosen: NDArray[np.bool_]) -> csr_array:
            ones = np.ones(int(chosen.sum()), dtype=np.float32)
            return csr_array((ones, (key_rows[chosen] - keys.start, post_rows[chosen])), shape=shape)

        return counts(known & is_like), counts(known & ~is_like)

    def _running(self, values: NDArray[np.float64], keys: slice) -> NDArray[np.float64]:
        """Sum (keys, n) values over each user's cuts up to and including each."""
        total = np.cumsum(values, axis=0)
        starts = self._first_key[self._user_of_key[keys]] - keys.start
        before = np.where(starts[:, None] > 0, total[np.maximum(starts - 1, 0)], 0)
        return total - before
