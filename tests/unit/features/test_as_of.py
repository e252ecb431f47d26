"""Features see what was known before the cut, and nothing later; training and serving see the same."""

from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from core.columns import ARMS, USER_ID
from features.as_of import PostFeatures, UserFeatures, post_features, same_cut, user_features
from features.basis import Basis
from features.catalog import ACTIVITY, Layout
from features.daily import TABLES, rebuild_daily, refresh_daily
from features.leaks import forget_from
from features.matrix import fill_users, personal_features, post_template
from features.neighbours import neighbour_scores
from features.serving_state import build_state
from features.training_set import build_training_set, labelled_views
from tests.unit.features.conftest import FITTED_BEFORE
from warehouse.changes import mark_events

CUT = date(2026, 1, 8)
MIDNIGHT = datetime(2026, 1, 8)


@pytest.mark.parametrize("day", [FITTED_BEFORE, FITTED_BEFORE + timedelta(days=3)])
def test_a_day_published_as_of_its_morning_serves_the_rows_it_trains_on(
    con: duckdb.DuckDBPyConnection, basis: Basis, layout: Layout, day: date
) -> None:
    """The first day of a training window, and one that users and posts have moved up to since."""
    since = datetime.combine(FITTED_BEFORE, datetime.min.time())
    views = labelled_views(con, since, since + timedelta(days=5), timedelta(hours=1))
    training = build_training_set(con, views, basis, layout)
    rows = np.flatnonzero(views["cut"] == day)
    assert len(rows) > 50

    forget_from(con, day)
    state = build_state(con, basis, layout, day, np.ones(len(basis.posts.ids), np.bool_))
    users = np.searchsorted(state.user_ids, views["user_id"].to_numpy())
    posts = np.searchsorted(state.post_ids, views["post_id"].to_numpy())
    for arm in ARMS:
        trained, vectors = training.matrix(arm), state.spaces[arm].vectors
        template = post_template(layout, state.posts)[:, None]
        for row in rows:
            user, time = users[[row]], views["event_time"][int(row)]
            one = state.audience(arm, user)
            near = neighbour_scores(state.neighbours, *one.likes, 1)
            personal = personal_features(one, state.posts.topic_rows, vectors, near, state.post_factors[arm])
            served = template.copy()
            fill_users(served, layout, one, personal, time.hour, time.isoweekday())
            np.testing.assert_allclose(served[:, 0, posts[row]], trained[row], rtol=1e-5, atol=1e-6)


def counted(con: duckdb.DuckDBPyConnection, basis: Basis) -> tuple[UserFeatures, PostFeatures]:
    users = same_cut(USER_ID, np.arange(20) * 10, CUT)
    return user_features(con, users, basis), post_features(con, same_cut("post_id", basis.posts.ids, CUT), basis)


def test_the_future_changes_nothing(con: duckdb.DuckDBPyConnection, basis: Basis) -> None:
    users, posts = counted(con, basis)
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
    users_then, posts_then = counted(con, basis)
    np.testing.assert_array_equal(users.values, users_then.values)
    np.testing.assert_array_equal(users.topics, users_then.topics)
    np.testing.assert_array_equal(users.liked["test"], users_then.liked["test"])
    np.testing.assert_array_equal(posts.values, posts_then.values)


def test_a_late_event_counts_from_the_day_it_arrived(con: duckdb.DuckDBPyConnection, basis: Basis) -> None:
    con.execute("INSERT INTO raw.events VALUES (0, 3, 'like', ?, ?)", [datetime(2026, 1, 2), datetime(2026, 1, 9, 3)])
    rebuild_daily(con)
    keys = pl.DataFrame({USER_ID: [0, 0], "cut": [date(2026, 1, 9), date(2026, 1, 10)]})
    likes = [spec.name for spec in ACTIVITY].index("user_likes") + 2  # after the two profile columns
    found = user_features(con, keys, basis).values[:, likes]
    direct = [
        con.execute(
            "SELECT count(*) FROM raw.known_events WHERE user_id = 0 AND action = 'like' AND known_at < ?", [cut]
        ).fetchone()[0]  # type: ignore[index]
        for cut in keys["cut"]
    ]
    assert found.tolist() == direct
    assert found[1] > found[0]


def test_where_likes_lie_is_what_a_plain_loop_finds(con: duckdb.DuckDBPyConnection, basis: Basis) -> None:
    keys = pl.DataFrame({USER_ID: [0, 0, 30], "cut": [date(2026, 1, 4), date(2026, 1, 9), date(2026, 1, 6)]})
    found = user_features(con, keys, basis).liked
    for arm in ARMS:
        vectors = dict(zip(basis.posts.ids.tolist(), basis.spaces[arm].vectors.astype(float), strict=True))
        for row, (user, cut) in enumerate(keys.rows()):
            liked = con.execute(
                "SELECT post_id FROM raw.known_events WHERE user_id = ? AND known_at < ? AND action = 'like'",
                [user, cut],
            ).fetchall()
            total = sum(vectors[post] for (post,) in liked)
            np.testing.assert_allclose(found[arm][row], total / np.linalg.norm(total), rtol=1e-4, atol=1e-6)


def test_a_late_event_changes_the_day_of_its_arrival_and_nothing_else(con: duckdb.DuckDBPyConnection) -> None:
    before = daily_rows(con)
    con.execute(
        """
        INSERT INTO raw.events VALUES
            (0, 3, 'view', '2026-01-02', '2026-01-09 03:00'), (0, 6, 'like', '2026-01-05', '2026-01-09 03:00')
        """
    )
    mark_events(con, "(FROM raw.events WHERE late_at = '2026-01-09 03:00')")
    refresh_daily(con)
    after = daily_rows(con)
    for table, rows in after.items():
        changed = set(rows) ^ set(before[table])
        assert {row[day] for row in changed for day in range(len(row)) if isinstance(row[day], date)} == {
            date(2026, 1, 9)
        }
    rebuild_daily(con)
    assert daily_rows(con) == after
    refresh_daily(con)
    assert daily_rows(con) == after


def daily_rows(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    return {table: con.sql(f"FROM features.{table} ORDER BY ALL").fetchall() for table in TABLES}


def test_a_user_nobody_has_seen_has_the_prior_of_everybody(
    con: duckdb.DuckDBPyConnection, basis: Basis, layout: Layout
) -> None:
    state = build_state(con, basis, layout, CUT, np.ones(len(basis.posts.ids), np.bool_))
    unseen = dict(zip(layout.names[layout.slices["user"]], state.users.values[-1].tolist(), strict=True))
    counted = "SELECT count(*) FROM raw.known_events WHERE known_at < ? AND action = ?"
    likes, views = (con.execute(counted, [CUT, action]).fetchone() for action in ("like", "view"))
    assert likes is not None
    assert views is not None
    assert unseen["user_views"] == 0
    assert unseen["user_like_rate"] == pytest.approx(likes[0] / views[0], rel=1e-6)
    assert np.isnan(unseen["profile_age"])
    assert state.users.values.shape[0] == len(state.user_ids) + 1
    for arm in ARMS:
        assert state.user_factors[arm].shape[0] == len(state.user_ids) + 1
        assert not state.user_factors[arm][-1].any()
