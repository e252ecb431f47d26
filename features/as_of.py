"""Features as of a cut: what was known of users and posts before a day began.

One code computes them for training, where each (user, day) of the sample is a key of its own, and for serving, where
all users and posts share one cut. A row with cut C is built from known days strictly before C by as-of joins, so it
cannot see its own day or a later one.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import CUT, POST_ID, USER_ID
from features.basis import Basis
from features.catalog import ACTIVITY, POST, TOPIC_PAIR
from features.liked import LikedDirections
from features.posts import Posts
from features.some_users import EVERYBODY, Users
from warehouse.connection import read_sql


@dataclass(frozen=True)
class UserFeatures:
    """What is known of each (user, cut) key: K keys, T topics."""

    values: NDArray[np.float32]  # (K, profile + activity) in the catalogue's order
    topics: NDArray[np.float32]  # (K, T, 2) views and like rate in each topic
    prior: NDArray[np.float32]  # (K, T) log-odds of a like in each topic, by profile
    liked: dict[str, NDArray[np.float32]]  # by arm: (K, dims) unit vector of what the user liked


@dataclass(frozen=True)
class PostFeatures:
    """What is known of each (post, cut) key, and which post it is."""

    values: NDArray[np.float32]  # (Q, post features) in the catalogue's order
    post_rows: NDArray[np.int64]  # (Q,) places in `Posts`
    topic_rows: NDArray[np.int64]  # (Q,) places of their topics in `Posts.topics`

    @cached_property
    def by_feature(self) -> NDArray[np.float32]:
        """The values feature by feature, contiguous: (post features, Q)."""
        return np.ascontiguousarray(self.values.T)


def user_features(con: duckdb.DuckDBPyConnection, keys: pl.DataFrame, basis: Basis) -> UserFeatures:
    """Compute the features of `keys` (columns user_id, cut; sorted by both; each pair once)."""
    posts = basis.posts
    with _Relations(con, user_keys=keys, topics=_topics(posts)):
        activity = _matrix(con.sql(read_sql("features", "user_activity")).pl(), [spec.name for spec in ACTIVITY])
        topics = _matrix(con.sql(read_sql("features", "user_topics")).pl(), [spec.name for spec in TOPIC_PAIR])
    user_ids, of_key = np.unique(keys[USER_ID].to_numpy(), return_inverse=True)
    profiles = basis.fitted.profiles(con, user_ids)  # (U, C)
    prior = basis.fitted.prior.log_odds(profiles, basis.topic_codes)  # (U, T)
    return UserFeatures(
        values=np.hstack([profiles[of_key], activity]),
        topics=topics.reshape(keys.height, len(posts.topics), len(TOPIC_PAIR)),
        prior=prior[of_key],
        liked=LikedDirections(con, keys, posts.ids).within({arm: s.vectors for arm, s in basis.spaces.items()}),
    )


def post_features(con: duckdb.DuckDBPyConnection, keys: pl.DataFrame, basis: Basis) -> PostFeatures:
    """Compute the features of `keys` (columns post_id, cut; sorted by both; each pair once; ids of known posts)."""
    with _Relations(con, post_keys=keys, user_keys=pl.DataFrame(schema={USER_ID: pl.Int64, CUT: pl.Date})):
        half_life = basis.half_life / timedelta(days=1)
        counted = con.execute(read_sql("features", "post_activity"), {"half_life": half_life}).pl()
    post_rows = np.searchsorted(basis.posts.ids, keys[POST_ID].to_numpy())
    topic_rows = basis.posts.topic_rows[post_rows]
    counted = counted.with_columns(topic=pl.Series(basis.topic_codes[topic_rows]))
    return PostFeatures(_matrix(counted, [spec.name for spec in POST]), post_rows, topic_rows)


def priors_of(
    con: duckdb.DuckDBPyConnection, basis: Basis, users: Users = EVERYBODY
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Those of the network's users, (U,) ascending, and their log-odds of a like by profile and topic, (U, T)."""
    user_ids = users.ids(con)
    return user_ids, basis.fitted.prior.log_odds(basis.fitted.profiles(con, user_ids), basis.topic_codes)


def same_cut(column: str, ids: NDArray[np.int64], cut: date) -> pl.DataFrame:
    """Keys of all `ids` (ascending) at one cut."""
    return pl.DataFrame({column: ids, CUT: pl.repeat(cut, len(ids), dtype=pl.Date, eager=True)})


def _topics(posts: Posts) -> pl.DataFrame:
    return pl.DataFrame({"topic": posts.topics, "topic_row": np.arange(len(posts.topics))})


class _Relations:
    """Makes frames visible to SQL by name, and defines the running totals that the feature queries join."""

    def __init__(self, con: duckdb.DuckDBPyConnection, **frames: pl.DataFrame) -> None:
        self._con = con
        self._frames = frames

    def __enter__(self) -> None:
        for name, frame in self._frames.items():
            self._con.register(f"{name}_frame", frame)
            # a real table has statistics and can be scanned more than once in parallel
            self._con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM {name}_frame")
        self._con.execute(read_sql("features", "running_totals"))

    def __exit__(self, *error: object) -> None:
        for name in self._frames:
            self._con.unregister(f"{name}_frame")


def _matrix(frame: pl.DataFrame, columns: list[str]) -> NDArray[np.float32]:
    """(rows, columns) with NaN for NULL: CatBoost's missing value."""
    return frame.select(pl.col(columns).cast(pl.Float32).fill_null(float("nan"))).to_numpy(order="c")
