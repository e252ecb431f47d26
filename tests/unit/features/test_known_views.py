"""What the factor model learns from is labelled as the training set is, by what was known on the day it looks back."""

from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import polars as pl
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from features.known_views import Views, views_before, views_by_day
from features.some_users import share_of_users
from features.training_set import labelled_views

START = datetime(2026, 2, 1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CUT = date(2026, 2, 4)
# the clock of the source goes on long after: every window is over
TICK = (190, 42, "view", datetime(2026, 3, 1), None)

Event = tuple[int, int, str, datetime, datetime | None]


def told(con: duckdb.DuckDBPyConnection, *events: Event) -> None:
    con.execute("DELETE FROM raw.events")
    con.executemany("INSERT INTO raw.events VALUES (?, ?, ?, ?, ?)", [*events, TICK])


def labels_before(con: duckdb.DuckDBPyConnection, cut: date) -> list[bool]:
    return views_before(con, cut, HOUR)["liked"].to_list()


# few users, posts and moments, so that windows touch and posts are liked again; half a minute keeps off midnight
happened = st.tuples(
    st.sampled_from([0, 10, 5]),  # there is no user 5
    st.sampled_from([0, 3, 4]),  # nor a post 4
    st.sampled_from(["view", "like"]),
    st.integers(0, 3 * 24 * 4 - 1).map(lambda quarters: START + timedelta(minutes=15 * quarters, seconds=30)),
    st.none(),
)


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(happened, max_size=40))
def test_labels_are_those_of_the_training_set_where_nothing_is_late(
    con: duckdb.DuckDBPyConnection, events: list[Event]
) -> None:
    told(con, *events)
    expected = labelled_views(con, START, datetime.combine(CUT, datetime.min.time()), HOUR)
    expected = expected.select("user_id", "post_id", (pl.col("event_time") + HOUR).dt.date().alias("day"), "liked")
    found = views_before(con, CUT, HOUR)
    assert sorted(found.rows()) == sorted(expected.rows())
    assert found.select("user_id", "post_id").rows() == sorted(expected.select("user_id", "post_id").rows())
    # nothing is late, so what each day saw adds up to what is known in the end
    assert sorted(views_by_day(con, START.date(), CUT, HOUR).rows()) == sorted(found.rows())


def test_posts_liked_before_and_windows_not_over_are_left_out(con: duckdb.DuckDBPyConnection) -> None:
    late = datetime(2026, 2, 3, 23, 30)
    told(
        con,
        (0, 3, "view", START, None),
        (0, 3, "like", START + HOUR, None),
        (0, 3, "view", START + 2 * HOUR, None),
        (0, 6, "view", late, None),
    )
    assert views_before(con, CUT, HOUR).rows() == [(0, 3, START.date(), True)]
    assert views_before(con, CUT + DAY, HOUR).rows()[1:] == [(0, 6, CUT, False)], "it is over on the day after"
    con.execute("DELETE FROM raw.events WHERE event_time > ?", [late])
    assert views_before(con, CUT + DAY, HOUR).height == 1, "nobody knows yet what will become of the last view"


def test_a_late_like_counts_from_the_day_it_arrived(con: duckdb.DuckDBPyConnection) -> None:
    told(con, (0, 3, "view", START, None), (0, 3, "like", START + HOUR / 2, datetime(2026, 2, 3, 5)))
    assert [labels_before(con, date(2026, 2, day)) for day in (2, 3, 4)] == [[False], [False], [True]]
    # a day that has been seen is over: what a model fitted later makes of it is another matter
    assert views_by_day(con, START.date(), CUT, HOUR)["liked"].to_list() == [False]


def test_a_view_and_a_like_that_arrive_together_are_of_the_day_of_their_arrival(con: duckdb.DuckDBPyConnection) -> None:
    arrived = datetime(2026, 2, 3, 5)
    told(con, (0, 3, "view", START, arrived), (0, 3, "like", START + HOUR / 2, arrived))
    assert views_before(con, arrived.date(), HOUR).is_empty()
    assert views_by_day(con, START.date(), CUT, HOUR).rows() == [(0, 3, arrived.date(), True)]


def test_a_like_that_arrives_later_takes_nothing_from_one_that_was_known(con: duckdb.DuckDBPyConnection) -> None:
    view, like = (0, 3, "view", START, None), (0, 3, "like", START + HOUR / 2, None)
    told(con, view, like, (0, 3, "like", START + HOUR / 4, datetime(2026, 2, 3, 5)))
    assert [labels_before(con, date(2026, 2, day)) for day in (2, 3, 4)] == [[True]] * 3
    assert views_by_day(con, START.date(), CUT, HOUR)["liked"].to_list() == [True]


def test_sums_are_those_of_a_plain_loop_and_a_share_of_users_is_whole_users(con: duckdb.DuckDBPyConnection) -> None:
    frame = views_before(con, date(2026, 1, 10), HOUR)
    post_ids = np.arange(15) * 3
    views = Views.of(frame, post_ids)
    weights = np.random.default_rng(0).normal(size=frame.height).astype(np.float32)
    of_posts = np.random.default_rng(1).normal(size=(15, 2)).astype(np.float32)
    of_users = np.random.default_rng(2).normal(size=(len(views.user_ids), 2)).astype(np.float32)
    by_user, by_post = np.zeros_like(of_users), np.zeros_like(of_posts)
    for (user, post, *_), weight in zip(frame.rows(), weights, strict=True):
        by_user[list(views.user_ids).index(user)] += weight * of_posts[post // 3]
        by_post[post // 3] += weight * of_users[list(views.user_ids).index(user)]
    np.testing.assert_allclose(views.over_users(weights, of_posts), by_user, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(views.over_posts(weights, of_users), by_post, rtol=1e-3, atol=1e-4)

    half = views_before(con, date(2026, 1, 10), HOUR, share_of_users(500, 0))
    chosen = half["user_id"].unique()
    assert 0 < len(chosen) < len(views.user_ids)
    assert half.equals(frame.filter(pl.col("user_id").is_in(chosen.implode())))
