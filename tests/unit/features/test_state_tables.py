"""The serving state comes back from a snapshot's tables as it went in."""

from datetime import date

import duckdb
import numpy as np

from core.columns import ARMS
from features.basis import Basis
from features.catalog import Layout
from features.serving_state import build_state, place_of
from features.state_tables import read_state, write_state


def test_nothing_is_lost(con: duckdb.DuckDBPyConnection, basis: Basis, layout: Layout) -> None:
    state = build_state(con, basis, layout, date(2026, 1, 13), basis.posts.ids % 2 == 0)
    with duckdb.connect() as snapshot:
        likes = con.sql("SELECT DISTINCT user_id, post_id FROM raw.events WHERE action = 'like'").pl()
        snapshot.register("likes", likes)
        snapshot.execute("CREATE TABLE user_likes AS FROM likes")
        snapshot.register("written", con.sql("SELECT post_id, topic FROM raw.posts").pl())
        snapshot.execute("CREATE TABLE posts AS FROM written")
        write_state(snapshot, state)
        back = read_state(snapshot)
        nulls = snapshot.sql("SELECT count(*) FROM user_features WHERE isnan(user_days_away)").fetchone()
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
        np.testing.assert_array_equal(back.post_factors[arm].quality, state.post_factors[arm].quality)
        np.testing.assert_array_equal(back.post_factors[arm].factors, state.post_factors[arm].factors)
        np.testing.assert_array_equal(back.spaces[arm].vectors, state.spaces[arm].vectors)
        np.testing.assert_array_equal(back.spaces[arm].components, state.spaces[arm].components)
        np.testing.assert_array_equal(back.spaces[arm].distances, state.spaces[arm].distances)


def test_every_feature_is_explained_once(layout: Layout) -> None:
    catalog = layout.catalog()
    assert catalog["name"].is_unique().all()
    assert (catalog["meaning"].str.len_chars() > 5).all()
    assert Layout.of_names(layout.names).names == layout.names


def test_any_integer_may_be_looked_up() -> None:
    ids = np.array([3, 2**40, 2**62], dtype=np.int64)
    assert [place_of(ids, wanted) for wanted in (3, 2**62, 4, -1, 2**63, 10**30)] == [0, 2, None, None, None, None]
