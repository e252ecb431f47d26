"""The serving state comes back from a snapshot's arrays as it went in, and its tables tell the same."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from core.columns import ARMS
from features.basis import Basis
from features.catalog import Layout
from features.ids import place_of
from features.serving_state import build_state
from features.state_arrays import open_state, save_state
from features.state_tables import write_state


def test_nothing_is_lost(con: duckdb.DuckDBPyConnection, basis: Basis, layout: Layout, tmp_path: Path) -> None:
    state = build_state(con, basis, layout, date(2026, 1, 13), basis.posts.ids % 2 == 0)
    with duckdb.connect() as snapshot:
        write_state(snapshot, state)
        quality = snapshot.sql("SELECT quality FROM post_factors_test ORDER BY post_id").fetchnumpy()["quality"]
        nulls = snapshot.sql("SELECT count(*) FROM user_features WHERE isnan(user_days_away)").fetchone()
    save_state(state, tmp_path)
    back = open_state(tmp_path)
    np.testing.assert_array_equal(quality, state.post_factors["test"].quality)
    assert nulls == (0,)  # undefined is NULL for SQL, not NaN
    assert (back.cut, back.topics, back.layout.names) == (state.cut, state.topics, state.layout.names)
    for name in ("user_ids", "post_ids", "eligible", "liked_offsets", "liked_posts"):
        np.testing.assert_array_equal(getattr(back, name), getattr(state, name))
    np.testing.assert_array_equal(back.users.values, state.users.values)
    np.testing.assert_array_equal(back.users.topics, state.users.topics)
    np.testing.assert_array_equal(back.users.prior, state.users.prior)
    np.testing.assert_array_equal(back.posts.values, state.posts.values)
    np.testing.assert_array_equal(back.posts.topic_rows, state.posts.topic_rows)
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(back.neighbours, name), getattr(state.neighbours, name))
    assert state.user_factors["test"].any()
    for arm in ARMS:
        np.testing.assert_array_equal(back.users.liked[arm], state.users.liked[arm])
        np.testing.assert_array_equal(back.user_factors[arm], state.user_factors[arm])
        assert back.post_factors[arm].profile_weight == state.post_factors[arm].profile_weight
        np.testing.assert_array_equal(back.post_factors[arm].quality, state.post_factors[arm].quality)
        np.testing.assert_array_equal(back.post_factors[arm].factors, state.post_factors[arm].factors)
        np.testing.assert_array_equal(back.spaces[arm].vectors, state.spaces[arm].vectors)
        np.testing.assert_array_equal(back.spaces[arm].components, state.spaces[arm].components)
        np.testing.assert_array_equal(back.spaces[arm].distances, state.spaces[arm].distances)


def test_arrays_cannot_be_written_to(
    con: duckdb.DuckDBPyConnection, basis: Basis, layout: Layout, tmp_path: Path
) -> None:
    save_state(build_state(con, basis, layout, date(2026, 1, 13), basis.posts.ids > 0), tmp_path)
    with pytest.raises(ValueError, match="read-only"):
        open_state(tmp_path).users.values[0] = 0


def test_every_feature_is_explained_once(layout: Layout) -> None:
    catalog = layout.catalog()
    assert catalog["name"].is_unique().all()
    assert (catalog["meaning"].str.len_chars() > 5).all()
    assert Layout.of_names(layout.names).names == layout.names


def test_any_integer_may_be_looked_up() -> None:
    ids = np.array([3, 2**40, 2**62], dtype=np.int64)
    assert [place_of(ids, wanted) for wanted in (3, 2**62, 4, -1, 2**63, 10**30)] == [0, 2, None, None, None, None]
