"""Who viewed what and liked it, as far as it was known: what the factor model learns from.

V views by U users of P posts. `Views` keeps them sorted by user and again by post, so that sums over the views of each
user, or of each post, are products of a sparse matrix and a dense one.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Self

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.columns import LIKED, POST_ID, USER_ID
from features.some_users import EVERYBODY, Users
from warehouse.connection import read_sql

Floats = NDArray[np.float32]
IDS = {USER_ID: "users", POST_ID: "posts"}
FIRST_DAY = date(1, 1, 3)  # before any event, and late enough to subtract a window


def views_before(
    con: duckdb.DuckDBPyConnection,
    cut: date,
    attribution: timedelta,
    users: Users = EVERYBODY,
) -> pl.DataFrame:
    """Views whose outcome was known before `cut`: user_id, post_id, day, liked; in order of user and post."""
    return _query(con, FIRST_DAY, cut, cut, attribution, users, liked_by="")


def views_by_day(
    con: duckdb.DuckDBPyConnection, since: date, until: date, attribution: timedelta, users: Users = EVERYBODY
) -> pl.DataFrame:
    """Views whose outcome became known on the days [since, until), with what was known of it at the end of its day."""
    # the few pairs that were viewed are looked up among all likes
    return _query(con, since, until, since, attribution, users, liked_by="SEMI JOIN views USING (user_id, post_id)")


def _query(
    con: duckdb.DuckDBPyConnection,
    since: date,
    until: date,
    labels: date,
    attribution: timedelta,
    users: Users,
    liked_by: str,
) -> pl.DataFrame:
    """Those by users and of posts that the network still has: left out here, as a join would double the time."""
    bound = {"since": since, "until": until, "labels": labels, "attribution": attribution, **users.values}
    query = read_sql("features", "known_views").format(chosen=users.condition, liked_by=liked_by)
    views = con.execute(query, bound).pl()
    there = {name: con.sql(f"SELECT {name} FROM raw.{table}").pl()[name] for name, table in IDS.items()}
    return views.filter(pl.col(name).is_in(ids.implode()) for name, ids in there.items())


@dataclass(frozen=True)
class Views:
    """V views as index arrays; build it with `of`."""

    user_ids: NDArray[np.int64]  # (U,) ascending, those with a view
    post_count: int  # P
    user: NDArray[np.int64]  # (V,) place in `user_ids`, ascending
    post: NDArray[np.int64]  # (V,) place among the P posts
    liked: Floats  # (V,) 1 or 0
    user_starts: NDArray[np.int64]  # (U + 1,) where each user's views begin

    @classmethod
    def of(cls, frame: pl.DataFrame, post_ids: NDArray[np.int64]) -> Self:
        """Index user_id, post_id and liked, in order of user; `post_ids` (P,) is ascending and holds all posts."""
        ids = frame[USER_ID].to_numpy()
        post = np.searchsorted(post_ids, frame[POST_ID].to_numpy())
        user_ids, first = np.unique(ids, return_index=True)
        return cls(
            user_ids=user_ids,
            post_count=len(post_ids),
            user=np.searchsorted(user_ids, ids),
            post=post,
            liked=frame[LIKED].to_numpy().astype(np.float32),
            user_starts=np.append(first, len(ids)),
        )

    @cached_property
    def by_post(self) -> NDArray[np.int64]:
        """(V,) the same views in order of post."""
        return np.argsort(self.post, kind="stable")

    @cached_property
    def post_starts(self) -> NDArray[np.int64]:
        """(P + 1,) where each post's views begin in that order."""
        return np.searchsorted(self.post[self.by_post], np.arange(self.post_count + 1))

    @cached_property
    def _viewers(self) -> NDArray[np.int64]:
        return self.user[self.by_post]

    def over_users(self, weights: Floats, of_posts: Floats) -> Floats:
        """Sum `weights` (V,) times `of_posts` (P, n) over each user's views: (U, n)."""
        shape = (len(self.user_ids), self.post_count)
        total: Floats = csr_array((weights, self.post, self.user_starts), shape=shape) @ of_posts
        return total

    def over_posts(self, weights: Floats, of_users: Floats) -> Floats:
        """Sum `weights` (V,) times `of_users` (U, n) over each post's views: (P, n)."""
        shape = (self.post_count, len(self.user_ids))
        total: Floats = csr_array((weights[self.by_post], self._viewers, self.post_starts), shape=shape) @ of_users
        return total
