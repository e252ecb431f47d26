"""The training set: views with their labels, each with features as of the day it happened.

`labelled_views` is the one place where a view gets its label; the evaluation reads its test views from it as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import CUT, EVENT_TIME, LIKED, POST_ID, USER_ID
from features.as_of import PostFeatures, UserFeatures, post_features, user_features
from features.catalog import Layout
from features.codebook import Codebook
from features.matrix import rows_matrix
from features.neighbours import view_scores
from features.posts import Posts
from features.text_space import TextSpace
from warehouse.connection import read_sql

ALL_ROWS = 1 << 62


def labelled_views(
    con: duckdb.DuckDBPyConnection,
    since: datetime,
    until: datetime,
    attribution: timedelta,
    *,
    rows: int = ALL_ROWS,
    seed: int = 0,
) -> pl.DataFrame:
    """Views of [since, until) whose label is known by `until`: user_id, post_id, event_time, cut, liked.

    At most `rows` of them, sampled by a hash, in order of time.
    """
    return con.execute(
        read_sql("features", "labelled_views"),
        {"since": since, "until": until, "attribution": attribution, "rows": rows, "seed": seed},
    ).pl()


@dataclass(frozen=True)
class TrainingSet:
    """Sampled views with everything needed to lay out either arm's matrix."""

    views: pl.DataFrame  # as labelled_views gives it, n rows
    users: UserFeatures
    user_rows: NDArray[np.int64]  # (n,)
    posts: PostFeatures
    post_rows: NDArray[np.int64]  # (n,)
    spaces: Mapping[str, TextSpace]
    layout: Layout
    neighbours: NDArray[np.float32]  # (n,) scores of each post by what its user had liked, see features.neighbours

    @property
    def labels(self) -> NDArray[np.bool_]:
        """(n,) whether the view was liked."""
        return self.views[LIKED].to_numpy()

    def matrix(self, arm: str) -> NDArray[np.float32]:
        """Lay out the (n, F) matrix of one arm."""
        times = self.views[EVENT_TIME]
        return rows_matrix(
            self.layout,
            self.users,
            arm,
            self.user_rows,
            self.posts,
            self.post_rows,
            self.spaces[arm],
            times.dt.hour().cast(pl.Float32).to_numpy(),
            times.dt.weekday().cast(pl.Float32).to_numpy(),
            self.neighbours,
        )


def build_training_set(
    con: duckdb.DuckDBPyConnection,
    views: pl.DataFrame,
    posts: Posts,
    spaces: Mapping[str, TextSpace],
    codebook: Codebook,
    layout: Layout,
    half_life: timedelta,
) -> TrainingSet:
    """Compute the features of `views` (from `labelled_views`), each as of its own day.

    `half_life` is that of `post_like_rate_decayed`.
    """
    user_keys, user_rows = _keys(views, USER_ID)
    post_keys, post_rows = _keys(views, POST_ID)
    return TrainingSet(
        views=views,
        users=user_features(con, user_keys, posts, spaces, codebook),
        user_rows=user_rows,
        posts=post_features(con, post_keys, posts, codebook, half_life),
        post_rows=post_rows,
        spaces=spaces,
        layout=layout,
        neighbours=view_scores(con, views),
    )


def _keys(views: pl.DataFrame, column: str) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Distinct (id, cut) pairs, sorted, and the place of each view's pair among them."""
    keys = views.select(column, CUT).unique().sort(column, CUT).with_row_index("key_row")
    rows = views.select(column, CUT).join(keys, on=[column, CUT], how="left", maintain_order="left")["key_row"]
    return keys.drop("key_row"), rows.cast(pl.Int64).to_numpy()
