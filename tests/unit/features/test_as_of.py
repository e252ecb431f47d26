"""Features see what was known before the cut, and nothing later; training and serving see the same."""

from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.columns import USER_ID
from features.as_of import post_features, same_cut, user_features
from features.catalog import ACTIVITY, Layout
from features.codebook import Codebook
from features.daily import rebuild_daily
from features.matrix import fill_users, pair_features, post_template
from features.neighbours import Neighbours, neighbour_scores
from features.posts import Posts
from features.serving_state import build_state
from features.text_space import TextSpace
from features.training_set import build_training_set, labelled_views

CUT = date(2026, 1, 8)
MIDNIGHT = datetime(2026, 1, 8)
HALF_LIFE = timedelta(days=3)
Spaces = dict[str, TextSpace]


def test_a_day_published_as_of_its_morning_serves_the_rows_it_trains_on(
    con: duckdb.DuckDBPyConnection, posts: Posts, spaces: Spaces, codebook: Codebook, layout: Layout
) -> None:
    views = labelled_views(con, MIDNIGHT, MIDNIGHT + timedelta(days=1, hours=1), timedelta(hours=1))
    views = views.filter(pl.col("cut") == CUT)
    training = build_training_set(con, views, posts, spaces, codebook, layout, HALF_LIFE)
    trained = training.matrix("test")

    con.execute("DELETE FROM raw.events WHERE event_time >= ?", [MIDNIGHT])
    rebuild_daily(con)
    everything = np.ones(len(posts.ids), dtype=np.bool_)
    neighbours = Neighbours.fit(con, CUT)
    state = build_state(con, posts, spaces, codebook, layout, CUT, everything, neighbours, HALF_LIFE)
    template = post_template(layout, state.posts, spaces["test"])
    assert views.height > 50
    for row, view in enumerate(views.iter_rows(named=True)):
        user = np.searchsorted(state.user_ids, [view["user_id"]])
        post = int(np.searchsorted(state.post_ids, view["post_id"]))
        served = template[:, None].copy()
        time = view["event_time"]
        neighbours = neighbour_scores(state.neighbours, state.liked_offsets, state.liked_posts, user)
        pair = pair_features(state.users, "test", user, state.posts.topic_rows, spaces["test"].vectors, neighbours)
        fill_users(served, layout, state.users, user, pair, time.hour, time.isoweekday())
        np.testing.assert_allclose(served[:, 0, post], trained[row], rtol=1e-5, atol=1e-6)


def test_the_future_changes_nothing(
    con: duckdb.DuckDBPyConnection, posts: Posts, spaces: Spaces, codebook: Codebook
) -> None:
    users = same_cut(USER_ID, np.arange(20) * 10, CUT)
    keys = same_cut("post_id", posts.ids, CUT)
    before = user_features(con, users, posts, spaces, codebook), post_features(con, keys, posts, codebook, HALF_LIFE)
    con.execute(
        """
        INSERT INTO raw.events
        SELECT user_id, post_id, 'like', event_time + INTERVAL 1 MINUTE, NULL FROM raw.events WHERE event_time >= ?
        """,
        [MIDNIGHT],
    )
    # an event of long ago that arrives after the cut was not known before it either
    con.execute("INSERT INTO raw.events VALUES (0, 3, 'like', ?, ?)", [datetime(2026, 1, 2), MIDNIGHT])
    rebuild_daily(con)
    after = user_features(con, users, posts, spaces, codebook), post_features(con, keys, posts, codebook, HALF_LIFE)
    np.testing.assert_array_equal(before[0].values, after[0].values)
    np.testing.assert_array_equal(before[0].topics, after[0].topics)
    np.testing.assert_array_equal(before[0].tastes["test"].taste, after[0].tastes["test"].taste)
    np.testing.assert_array_equal(before[1].values, after[1].values)


def test_a_late_event_counts_from_the_day_it_arrived(
    con: duckdb.DuckDBPyConnection, posts: Posts, spaces: Spaces, codebook: Codebook
) -> None:
    con.execute("INSERT INTO raw.events VALUES (0, 3, 'like', ?, ?)", [datetime(2026, 1, 2), datetime(2026, 1, 9, 3)])
    rebuild_daily(con, since=date(2026, 1, 9))
    keys = pl.DataFrame({USER_ID: [0, 0], "cut": [date(2026, 1, 9), date(2026, 1, 10)]})
    likes = [spec.name for spec in ACTIVITY].index("user_likes") + 2  # after the two profile columns
    counted = user_features(con, keys, posts, spaces, codebook).values[:, likes]
    direct = [
        con.execute(
            "SELECT count(*) FROM raw.known_events WHERE user_id = 0 AND action = 'like' AND known_at < ?", [cut]
        ).fetchone()[0]  # type: ignore[index]
        for cut in keys["cut"]
    ]
    assert counted.tolist() == direct
    assert counted[1] > counted[0]


def test_taste_is_what_a_plain_loop_finds(
    con: duckdb.DuckDBPyConnection, posts: Posts, spaces: Spaces, codebook: Codebook
) -> None:
    keys = pl.DataFrame({USER_ID: [0, 0, 30], "cut": [date(2026, 1, 4), date(2026, 1, 9), date(2026, 1, 6)]})
    features = user_features(con, keys, posts, spaces, codebook)
    rates = features.values[:, [spec.name for spec in ACTIVITY].index("user_like_rate") + 2]
    vectors = dict(zip(posts.ids.tolist(), spaces["test"].vectors.astype(float), strict=True))
    for row, (user, cut) in enumerate(keys.rows()):
        events = con.execute(
            "SELECT post_id, action FROM raw.known_events WHERE user_id = ? AND known_at < ?", [user, cut]
        ).fetchall()
        likes = sum(vectors[post] for post, action in events if action == "like")
        seen = [vectors[post] for post, action in events if action == "view"]
        expected = (likes - rates[row] * sum(seen)) / (len(seen) + 20)
        np.testing.assert_allclose(features.tastes["test"].taste[row], expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(
            features.tastes["test"].liked[row], likes / np.linalg.norm(likes), rtol=1e-4, atol=1e-6
        )


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 14), st.integers(0, 5)), min_size=1, max_size=20))
def test_days_since_the_watermark_are_enough(
    con: duckdb.DuckDBPyConnection, arrivals: list[tuple[int, int, int]]
) -> None:
    since = con.sql("SELECT max(known_at)::DATE FROM raw.known_events").fetchone()[0]  # type: ignore[index]
    for user, post, days_late in arrivals:
        arrived = datetime.combine(since, datetime.min.time()) + timedelta(hours=30)
        time = arrived - timedelta(days=days_late)
        con.execute(
            "INSERT INTO raw.events VALUES (?, ?, 'view', ?, ?)",
            [user * 10, post * 3, time, arrived if days_late else None],
        )
    rebuild_daily(con, since=since)
    partial = {
        table: con.sql(f"FROM features.{table} ORDER BY ALL").fetchall()
        for table in ("user_day", "user_topic_day", "post_day")
    }
    rebuild_daily(con)
    assert partial == {table: con.sql(f"FROM features.{table} ORDER BY ALL").fetchall() for table in partial}


def test_a_user_nobody_has_seen_has_the_prior_of_everybody(
    con: duckdb.DuckDBPyConnection, posts: Posts, spaces: Spaces, codebook: Codebook, layout: Layout
) -> None:
    everything = np.ones(len(posts.ids), dtype=np.bool_)
    neighbours = Neighbours.fit(con, CUT)
    state = build_state(con, posts, spaces, codebook, layout, CUT, everything, neighbours, HALF_LIFE)
    unseen = dict(zip(layout.names[layout.slices["user"]], state.users.values[-1].tolist(), strict=True))
    counted = "SELECT count(*) FROM raw.known_events WHERE known_at < ? AND action = ?"
    likes, views = (con.execute(counted, [CUT, action]).fetchone() for action in ("like", "view"))
    assert likes is not None
    assert views is not None
    assert unseen["user_views"] == 0
    assert unseen["user_like_rate"] == pytest.approx(likes[0] / views[0], rel=1e-6)
    assert np.isnan(unseen["profile_age"])
    assert state.users.values.shape[0] == len(state.user_ids) + 1
