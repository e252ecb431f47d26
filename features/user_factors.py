"""The factors of users as of a cut, from what was known of them before it and a fitted model that stands."""

from datetime import date

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.columns import USER_ID
from features.basis import Basis
from features.factor_model import user_factors
from features.known_views import Floats, Views, known_views

# users whose views are held in memory at once
CHUNK = 20_000


def user_factors_as_of(
    con: duckdb.DuckDBPyConnection,
    user_ids: NDArray[np.int64],  # (U,) ascending
    prior: Floats,  # (U, T) log-odds by profile
    basis: Basis,
    cut: date,
) -> dict[str, Floats]:
    """Factors (U, D) by arm; zero for a user of whom no view was known before `cut`."""
    posts = basis.posts
    out = {arm: np.zeros((len(user_ids), of.factors.shape[1]), np.float32) for arm, of in basis.post_factors.items()}
    for start in range(0, len(user_ids), CHUNK):
        ids = user_ids[start : start + CHUNK]
        frame = known_views(con, cut, basis.settings.attribution_window, (int(ids[0]), int(ids[-1])))
        views = Views.of(frame.filter(pl.col(USER_ID).is_in(ids)), posts.ids)
        places = start + np.searchsorted(ids, views.user_ids)
        of_views = prior[places[views.user], posts.topic_rows[views.post]]
        with threadpool_limits(limits=1):  # sums are made in one order on any machine
            for arm, of_posts in basis.post_factors.items():
                out[arm][places] = user_factors(views, of_views, of_posts)
    return out
