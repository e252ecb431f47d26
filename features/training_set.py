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
from features.as_of import PostFeatures, UserFeatures, post_features, priors_of, user_features
from features.basis import Basis
from features.catalog import Layout
from features.factor_state import FactorStates
from features.matrix import rows_matrix
from features.neighbours import view_scores
from features.some_users import EVERYBODY, Users
from warehouse.connection import read_sql

ALL_ROWS = 1 << 62


def labelled_views(
    con: duckdb.DuckDBPyConnection,
    since: datetime,
    until: datetime,
    attribution: timedelta,
    users: Users = EVERYBODY,
    *,
    rows: int = ALL_ROWS,
    seed: int = 0,
) -> pl.DataFrame:
    """Views of [since, until) whose label is known by `until`: user_id, post_id, event_time, cut, liked.

    At most `rows` of them, sampled by a hash, in order of time.
    """
    bound = {"since": since, "until": until, "attribution": attribution, "rows": rows, "seed": seed, **users.values}
    return con.execute(read_sql("features", "labelled_views").format(chosen=users.condition), bound).pl()


@dataclass(frozen=True)
class TrainingSet:
    """Sampled views with everything needed to lay out either arm's matrix."""

    views: pl.DataFrame  # as labelled_views gives it, n rows
    users: UserFeatures
    user_rows: NDArray[np.int64]  # (n,)
    posts: PostFeatures
    post_rows: NDArray[np.int64]  # (n,)
    basis: Basis
    base: Mapping[str, NDArray[np.float32]]  # by arm: (n, 3) base columns
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
            self.basis.spaces[arm],
            self.base[arm],
            times.dt.hour().cast(pl.Float32).to_numpy(),
            times.dt.weekday().cast(pl.Float32).to_numpy(),
            self.neighbours,
        )


def build_training_set(
    con: duckdb.DuckDBPyConnection,
    views: pl.DataFrame,
    basis: Basis,
    layout: Layout,
    users: Users = EVERYBODY,
) -> TrainingSet:
    """Compute the features of `views` (from `labelled_views`), each as of its own day.

    No view may lie before the cut at which `basis` was fitted: its base score would have seen its label. `users` are
    those whom views are of, and by whose views factors move from day to day.
    """
    user_keys, user_rows = _keys(views, USER_ID)
    post_keys, post_rows = _keys(views, POST_ID)
    return TrainingSet(
        views=views,
        users=user_features(con, user_keys, basis),
        user_rows=user_rows,
        posts=post_features(con, post_keys, basis),
        post_rows=post_rows,
        basis=basis,
        base=_base(con, views, basis, users),
        layout=layout,
        neighbours=view_scores(con, views, {basis.fitted.cut: basis.fitted.neighbours}),
    )


def _base(
    con: duckdb.DuckDBPyConnection, views: pl.DataFrame, basis: Basis, of: Users
) -> dict[str, NDArray[np.float32]]:
    """Base columns of each view by arm, as of the morning of its day."""
    user_ids, prior = priors_of(con, basis, of)
    users = np.searchsorted(user_ids, views[USER_ID].to_numpy())
    posts = np.searchsorted(basis.posts.ids, views[POST_ID].to_numpy())
    cuts = views[CUT].to_numpy()
    states = FactorStates(con, basis, user_ids, prior, users=of)
    out = {arm: np.empty((views.height, 3), np.float32) for arm in states.arms}
    days = views[CUT].unique().sort()
    for day in states.mornings(days):
        rows = np.flatnonzero(cuts == np.datetime64(day))
        for arm, columns in out.items():
            columns[rows] = states.base(arm, users[rows], posts[rows])
    return out


def _keys(views: pl.DataFrame, column: str) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Distinct (id, cut) pairs, sorted, and the place of each view's pair among them."""
    keys = views.select(column, CUT).unique().sort(column, CUT).with_row_index("key_row")
    rows = views.select(column, CUT).join(keys, on=[column, CUT], how="left", maintain_order="left")["key_row"]
    return keys.drop("key_row"), rows.cast(pl.Int64).to_numpy()
