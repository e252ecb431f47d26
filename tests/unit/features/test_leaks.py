"""No feature knows the future, and one that does is caught by name."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import pytest

from core.columns import ARMS, POST_ID
from core.settings import Settings
from features.catalog import Layout
from features.known_views import Floats
from features.leaks import leaking_columns
from features.posts import Posts
from features.training_set import build_training_set, labelled_views
from tests.unit.features.conftest import FITTED_BEFORE, fit_basis

DAY = date(2026, 1, 9)
Compute = Callable[[], Floats]


@pytest.fixture
def training_rows(
    con: duckdb.DuckDBPyConnection, posts: Posts, settings: Settings, layout: Layout
) -> Callable[[str, date], Compute]:
    """How to compute an arm's rows of a training window that ends with `DAY`, with all that is fitted before a cut."""
    since, until = (datetime.combine(day, datetime.min.time()) for day in (FITTED_BEFORE, DAY + timedelta(days=1)))
    views = labelled_views(con, since, until, timedelta(hours=1))

    def fitted_before(arm: str, cut: date) -> Compute:
        return lambda: build_training_set(con, views, fit_basis(con, posts, settings, cut), layout).matrix(arm)

    return fitted_before


@pytest.mark.parametrize("arm", ARMS)
def test_no_column_of_the_catalogue_knows_the_future(
    con: duckdb.DuckDBPyConnection, layout: Layout, training_rows: Callable[[str, date], Compute], arm: str
) -> None:
    assert leaking_columns(con, DAY, layout.names, training_rows(arm, FITTED_BEFORE)) == []


def test_a_planted_feature_that_knows_the_future_is_caught(
    con: duckdb.DuckDBPyConnection, posts: Posts, layout: Layout, training_rows: Callable[[str, date], Compute]
) -> None:
    honest = training_rows("test", FITTED_BEFORE)
    since = datetime.combine(FITTED_BEFORE, datetime.min.time())
    views = labelled_views(
        con, since, datetime.combine(DAY + timedelta(days=1), datetime.min.time()), timedelta(hours=1)
    )
    post_rows = np.searchsorted(posts.ids, views[POST_ID].to_numpy())

    def counts_likes_of_all_days() -> Floats:
        matrix = honest()
        total = con.sql("SELECT post_id, sum(likes) AS likes FROM features.post_day GROUP BY 1 ORDER BY 1").fetchnumpy()
        matrix[:, layout.names.index("post_likes")] = total["likes"][post_rows]
        return matrix

    assert leaking_columns(con, DAY, layout.names, counts_likes_of_all_days) == ["post_likes"]


def test_a_model_that_has_seen_the_labels_it_is_to_tell_is_caught(
    con: duckdb.DuckDBPyConnection, layout: Layout, training_rows: Callable[[str, date], Compute]
) -> None:
    too_late = training_rows("test", DAY + timedelta(days=1))
    assert leaking_columns(con, DAY, layout.names, too_late) == ["base_profile", "base_quality", "base_taste"]
