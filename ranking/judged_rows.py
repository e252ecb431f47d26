"""The rows that every arm and baseline is judged on, as index arrays."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import LIKED, POST_ID, USER_ID
from core.hashing import hash_ids
from core.logging import get_logger
from features.some_users import Users, these_users

log = get_logger(__name__)


def users_to_judge(
    con: duckdb.DuckDBPyConnection,
    since: datetime,
    until: datetime,
    attribution: timedelta,
    max_users: int,
    seed: int,
) -> Users:
    """At most `max_users` of those with a view in [since, until), sampled as `JudgedRows` does."""
    found = con.execute(
        f"""
        SELECT DISTINCT {USER_ID} FROM raw.events
        SEMI JOIN raw.users USING ({USER_ID}) SEMI JOIN raw.posts USING ({POST_ID})
        WHERE action = 'view' AND event_time >= ? AND event_time + ? <= ?
        """,
        [since, attribution, until],
    ).fetchnumpy()
    return these_users(_sample(np.sort(found[USER_ID]), max_users, seed))


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """Views of the test period by n sampled users, sorted by user and post.

    A user is an index 0 … n-1 into `user_ids`, a post a column of the P posts that can be scored. A pair is a user and
    a post that the user viewed, however often.
    """

    user_ids: NDArray[np.int64]  # (n,) ascending
    user: NDArray[np.int64]  # (E,) of each view
    post: NDArray[np.int64]  # (E,)
    liked: NDArray[np.bool_]  # (E,)
    pair_start: NDArray[np.int64]  # (V,) the first view of each pair
    pair_liked: NDArray[np.bool_]  # (V,) whether any of its views was liked
    source: NDArray[np.int64]  # (E,) the row of each view in the frame that was collected
    unscored_likes: NDArray[np.int64]  # (n,) different posts liked that nobody can score, such as those after the cut

    @classmethod
    def collect(cls, test_events: pl.DataFrame, post_ids: NDArray[np.int64], max_users: int, seed: int) -> Self:
        """Sample users by a hash of their ids, so that a larger sample holds the smaller one, and index their views.

        `test_events` is (user_id, post_id, liked), a row a view; `post_ids` is ascending. Views of posts that are not
        in it have no score from anybody and are left out; a like of one still counts as missed.
        """
        user_ids = _sample(test_events[USER_ID].unique().sort().to_numpy().astype(np.int64), max_users, seed)
        events = test_events.with_row_index("source").filter(pl.col(USER_ID).is_in(user_ids)).sort(USER_ID, POST_ID)
        known = pl.Series(np.isin(events[POST_ID].to_numpy(), post_ids), dtype=pl.Boolean)
        unscored = events.filter(~known)
        if not unscored.is_empty():
            log.info("%d of %d test views are of posts unknown at the cut; left out", len(unscored), len(events))
        missed = unscored.filter(pl.col(LIKED)).unique([USER_ID, POST_ID])
        events = events.filter(known)
        return cls._paired(
            user_ids,
            user=np.searchsorted(user_ids, events[USER_ID].to_numpy()),
            post=np.searchsorted(post_ids, events[POST_ID].to_numpy()),
            liked=events[LIKED].to_numpy(),
            source=events["source"].to_numpy().astype(np.int64),
            unscored_likes=np.bincount(np.searchsorted(user_ids, missed[USER_ID].to_numpy()), minlength=len(user_ids)),
        )

    def only(self, kept: NDArray[np.bool_]) -> Self:
        """The same users with the views `kept` (E,) alone; likes of posts that nobody can score no longer count."""
        return self._paired(
            self.user_ids,
            user=self.user[kept],
            post=self.post[kept],
            liked=self.liked[kept],
            source=self.source[kept],
            unscored_likes=np.zeros_like(self.unscored_likes),
        )

    @classmethod
    def _paired(
        cls,
        user_ids: NDArray[np.int64],
        user: NDArray[np.int64],
        post: NDArray[np.int64],
        liked: NDArray[np.bool_],
        source: NDArray[np.int64],
        unscored_likes: NDArray[np.int64],
    ) -> Self:
        """Find the pairs among views that are sorted by user and post."""
        new_pair = np.ones(len(user), bool)
        new_pair[1:] = (user[1:] != user[:-1]) | (post[1:] != post[:-1])
        start = np.flatnonzero(new_pair)
        pair_liked = np.logical_or.reduceat(liked, start) if len(user) else np.zeros(0, bool)
        return cls(user_ids, user, post, liked, start, pair_liked, source, unscored_likes)

    @property
    def pair_user(self) -> NDArray[np.int64]:
        return self.user[self.pair_start]

    @property
    def pair_post(self) -> NDArray[np.int64]:
        return self.post[self.pair_start]


def _sample(user_ids: NDArray[np.int64], max_users: int, seed: int) -> NDArray[np.int64]:
    """Of users (n,) ascending at most `max_users`, by a hash of their ids: ascending again."""
    if len(user_ids) <= max_users:
        return user_ids
    return np.sort(user_ids[np.argsort(hash_ids(user_ids, seed))[:max_users]])
