"""A view is liked when the same user likes the same post within the window; a like is never an example itself."""

from datetime import datetime, timedelta

import duckdb
import pytest

from features.training_set import labelled_views

NOON = datetime(2026, 2, 1, 12)
HOUR = timedelta(hours=1)


def labels(con: duckdb.DuckDBPyConnection, *events: tuple[int, int, str, timedelta], rows: int = 1000) -> list[bool]:
    con.execute("DELETE FROM raw.events")
    for user, post, action, after in events:
        con.execute("INSERT INTO raw.events VALUES (?, ?, ?, ?, NULL)", [user, post, action, NOON + after])
    views = labelled_views(con, NOON, NOON + timedelta(days=1), HOUR, rows=rows)
    return views["liked"].to_list()


@pytest.mark.parametrize(
    ("like_after", "liked"),
    [(timedelta(0), True), (HOUR, True), (HOUR + timedelta(microseconds=1), False), (-timedelta(hours=2), None)],
)
def test_the_window_decides(con: duckdb.DuckDBPyConnection, like_after: timedelta, liked: bool | None) -> None:
    found = labels(con, (0, 3, "view", timedelta(0)), (0, 3, "like", like_after))
    # a post that was liked before the view is never offered again, so it teaches nothing
    assert found == ([] if liked is None else [liked])


def test_likes_of_others_and_of_other_posts_do_not_count(con: duckdb.DuckDBPyConnection) -> None:
    events = [(0, 3, "view", timedelta(0)), (10, 3, "like", timedelta(minutes=1)), (0, 6, "like", timedelta(minutes=1))]
    assert labels(con, *events) == [False]


def test_a_view_whose_window_is_not_over_has_no_label_yet(con: duckdb.DuckDBPyConnection) -> None:
    assert labels(con, (0, 3, "view", timedelta(hours=23, minutes=1))) == []


def test_deleted_users_and_posts_teach_nothing(con: duckdb.DuckDBPyConnection) -> None:
    assert labels(con, (5, 3, "view", timedelta(0)), (0, 4, "view", timedelta(0)), (0, 3, "view", timedelta(0))) == [
        False
    ]


def test_the_sample_is_the_same_every_time(con: duckdb.DuckDBPyConnection) -> None:
    first, last = datetime(2026, 1, 1), datetime(2026, 1, 13)
    samples = [labelled_views(con, first, last, HOUR, rows=100, seed=seed) for seed in (1, 1, 2)]
    assert samples[0].equals(samples[1])
    assert not samples[0].equals(samples[2])
