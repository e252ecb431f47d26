"""Which likes and views count, and for which of the answers."""

from collections.abc import Iterator

import duckdb
import pytest

from core.settings import Settings
from experiments.attribution import EXPLORATION, FOR_EVERYBODY
from experiments.daily import update_daily
from ranking.candidates import SOURCE_NAMES
from tests.unit.experiments.shown import at, empty_warehouse, happen, rows, show

DAY = "day, user_id, answers, shown, viewed, liked, hits, likes"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with empty_warehouse() as con:
        happen(con, 99, "view", 99, at("23:00", day=5))  # of somebody else: by then every window is over
        yield con


def daily(con: duckdb.DuckDBPyConnection) -> list[tuple[int, ...]]:
    """Day, user, answers, shown, viewed, liked, hits, likes."""
    update_daily(con, Settings())
    return [(day.day, *row) for day, *row in rows(con, "experiment_daily", DAY)]


def test_a_like_counts_within_the_window_and_neither_before_the_answer_nor_after_it(con):
    show(con, 1, [10, 11, 12], at("12:00"))
    happen(con, 1, "like", 10, at("11:59"))
    happen(con, 1, "like", 11, at("13:00"))
    happen(con, 1, "like", 12, at("13:01"))
    happen(con, 1, "like", 13, at("12:30"))  # not shown
    assert daily(con) == [(1, 1, 1, 3, 0, 1, 1, 3)]


def test_a_post_shown_again_has_one_like_and_it_is_the_latest_showings(con):
    show(con, 1, [10, 11], at("23:40"))
    show(con, 1, [12, 10], at("00:10", day=2))
    happen(con, 1, "view", 10, at("23:50"))
    happen(con, 1, "like", 10, at("00:20", day=2))
    happen(con, 1, "like", 11, at("00:21", day=2))
    happen(con, 1, "like", 11, at("00:22", day=2))  # taken back, and given again
    assert daily(con) == [(1, 1, 1, 2, 1, 1, 1, 0), (2, 1, 1, 2, 0, 1, 1, 3)]


def test_every_place_of_the_longest_list_counts(con):
    show(con, 1, range(1, 101), at("12:00"))
    for post in (1, 63, 64, 100):
        happen(con, 1, "like", post, at("12:10"))
    assert daily(con) == [(1, 1, 1, 100, 0, 4, 1, 4)]


def test_an_answer_counts_once_its_window_is_over(con):
    show(con, 1, [10], at("21:00", day=5))
    show(con, 1, [11], at("22:30", day=5))
    show(con, 2, [11], at("22:30", day=5))
    happen(con, 1, "like", 11, at("22:40", day=5))
    assert daily(con) == [(5, 1, 1, 1, 0, 0, 0, 1)]
    happen(con, 99, "view", 99, at("12:00", day=7))  # long after the experiment
    assert daily(con) == [(5, 1, 2, 2, 0, 1, 1, 1), (5, 2, 1, 1, 0, 0, 0, 0)]


def test_a_look_back_and_an_answer_outside_the_experiment_are_not_counted(con):
    show(con, 1, [10], at("12:00"), as_of=at("08:00"))
    show(con, 1, [10], at("12:00"), experiment=None, salt=None)
    happen(con, 1, "like", 10, at("12:10"))
    assert daily(con) == []


def test_likes_of_days_without_an_answer_count_from_the_first_answer_to_the_end(con):
    happen(con, 1, "like", 1, at("11:00"))
    show(con, 1, [10], at("12:00"))
    happen(con, 1, "like", 2, at("12:00", day=2))
    happen(con, 1, "like", 3, at("12:00", day=3))
    happen(con, 1, "like", 4, at("12:00", day=4))
    show(con, 2, [10], at("12:00", day=3))  # the experiment ends with the last window
    assert daily(con) == [
        (1, 1, 1, 1, 0, 0, 0, 0), (2, 1, 0, 0, 0, 0, 0, 1), (3, 1, 0, 0, 0, 0, 0, 1), (3, 2, 1, 1, 0, 0, 0, 0),
    ]  # fmt: skip


def test_guardrails_of_a_day(con):
    con.execute("INSERT INTO raw.posts VALUES (1, '', 'tech', ''), (2, '', 'tech', ''), (3, '', 'sport', '')")
    show(con, 1, [1, 2], at("12:00"), latency=0.1, sources=["trending", "exploration"])
    show(con, 1, [1, 3], at("18:00"), latency=0.3)
    show(con, 2, [], at("12:00"), arm="test")
    happen(con, 1, "view", 3, at("18:10"))
    update_daily(con, Settings())
    control, test = rows(con, "guardrail_daily", "COLUMNS(* EXCLUDE (salt, day, latency_p99))")
    # answers, median latency, different posts, variety, for everybody, explored, without a view
    assert control == ("control", 2, 0.2, 3, 0.25, 0.25, 0.25, 0.5)
    assert test == ("test", 1, None, 0, None, None, None, 1.0)


def test_the_sources_named_here_are_those_of_the_ranking():
    assert {*FOR_EVERYBODY, EXPLORATION} <= {*SOURCE_NAMES}


def test_a_like_of_an_interleaved_list_is_credited_to_the_arm_that_brought_the_post(con):
    teams = ["test", "control", "test"]
    show(con, 1, [10, 11, 12], at("12:00"), arm="interleaved", teams=teams)
    show(con, 1, [12, 13, 10], at("12:30"), arm="interleaved", teams=["control", "control", "test"])
    show(con, 2, [10, 11, 12], at("12:00"), arm="interleaved", teams=teams)
    happen(con, 1, "like", 10, at("12:10"))  # brought by test
    happen(con, 1, "like", 12, at("12:40"))  # by test at first, by control the second time
    happen(con, 1, "like", 11, at("12:41"))  # by control
    update_daily(con, Settings())
    assert rows(con, "credit_daily", "user_id, control, test") == [(1, 2, 1), (2, 0, 0)]
