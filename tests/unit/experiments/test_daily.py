"""Whatever the order in which answers and events arrive, the daily tables are those of a rebuild."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.settings import Settings
from experiments.daily import update_daily
from tests.unit.experiments.shown import TABLES, at, empty_warehouse, happen, rows, show

HOURS = 84  # three and a half days
WINDOW = timedelta(hours=3)
SETTINGS = Settings.model_validate({"experiment": {"window": WINDOW}})
BEGIN = at("00:00")

# few users, posts and moments, so that much of it meets; a third of an hour apart, so that windows end on a moment
moments = st.integers(0, 3 * HOURS).map(lambda thirds: BEGIN + thirds * timedelta(minutes=20))
posts = st.integers(1, 4)
users = st.integers(1, 3)
answers = st.tuples(st.just("answer"), users, st.lists(posts, max_size=3, unique=True), moments)
events = st.tuples(st.sampled_from(["view", "like"]), users, posts, moments)
rare = st.tuples(
    st.sampled_from(["second arm", "other salt", "not counted"]), users, st.lists(posts, max_size=2), moments
)
arrivals = st.lists(st.one_of(answers, answers, events, events, events, rare), max_size=40)
one_by_one = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def con():
    with empty_warehouse() as con:
        con.execute("INSERT INTO raw.posts SELECT range, '', 'topic ' || range % 2, '' FROM range(1, 4)")
        yield con


@one_by_one
@given(arrivals, st.lists(st.integers(0, 40), max_size=3))
def test_incremental_is_a_rebuild_is_what_a_loop_counts(con, arrived, cuts):
    clear(con)
    bounds = [0, *sorted(cuts), len(arrived)]
    # the list is in order of arrival; moments are in any order
    for start, end in pairwise(bounds):
        for one in arrived[start:end]:
            arrive(con, *one)
        update_daily(con, SETTINGS)
    incremental = everything(con)
    update_daily(con, SETTINGS)
    assert everything(con) == incremental
    update_daily(con, SETTINGS, everything=True)
    assert everything(con) == incremental
    assert rows(con, "experiment_daily", "salt, day, user_id, arm, answers, shown, viewed, liked, hits, likes") == (
        counted_by_hand(con, WINDOW)
    )


def test_a_late_answer_moves_likes_to_it_and_a_new_window_counts_all_anew(con):
    clear(con)
    show(con, 1, [10], at("12:00"))
    happen(con, 1, "like", 10, at("13:40"))
    happen(con, 1, "view", 99, at("23:00", day=3))
    update_daily(con, SETTINGS)
    show(con, 1, [10], at("13:30"))
    update_daily(con, SETTINGS)
    assert rows(con, "experiment_daily", "answers, liked, hits") == [(2, 1, 1)]
    update_daily(con, Settings.model_validate({"experiment": {"window": timedelta(minutes=5)}}))
    assert rows(con, "experiment_daily", "answers, liked, hits") == [(2, 0, 0)]


def test_a_late_like_after_the_last_midnight_is_found(con):
    clear(con)
    show(con, 1, [10], at("23:30"))
    happen(con, 1, "view", 99, at("23:00", day=3))
    update_daily(con, SETTINGS)
    happen(con, 1, "like", 10, at("00:10", day=2))
    update_daily(con, SETTINGS)
    assert rows(con, "experiment_daily", "day(day), liked, likes") == [(1, 1, 0), (2, 0, 1)]


def test_days_that_have_not_changed_are_left_alone(con):
    clear(con)
    for day in (1, 2, 3, 4):
        show(con, 1, [10], at("12:00", day))
        happen(con, 1, "view", 10, at("16:00", day))
    update_daily(con, SETTINGS)
    con.execute("UPDATE experiments.experiment_daily SET shown = 77")  # a mark
    happen(con, 1, "like", 10, at("12:30", day=4))
    update_daily(con, SETTINGS)
    # the day before is done again: its windows may have reached into the changed one
    assert rows(con, "experiment_daily", "day(day), shown, liked") == [(1, 77, 0), (2, 77, 0), (3, 1, 0), (4, 1, 1)]


def clear(con: duckdb.DuckDBPyConnection) -> None:
    for table in ("raw.exposures", "raw.events", *(f"experiments.{table}" for table in TABLES)):
        con.execute(f"DELETE FROM {table}")


def arrive(con: duckdb.DuckDBPyConnection, what: str, user: int, post: Any, when: datetime) -> None:
    if what in ("view", "like"):
        happen(con, user, what, post, when)
        return
    teams = ["control", "test", "test"][: len(post)]
    arm = {1: "control", 2: "test", 3: "interleaved"}[user]
    more: dict[str, Any] = {
        "second arm": {"arm": "test"}, "other salt": {"salt": "other"}, "not counted": {"as_of": when}
    }.get(what, {})  # fmt: skip
    # nobody asks twice in one microsecond
    number = con.sql("SELECT count(*) FROM raw.exposures").fetchall()[0][0]
    show(con, user, post, when + timedelta(microseconds=number), **{"arm": arm, "teams": teams, **more})


def everything(con: duckdb.DuckDBPyConnection) -> list[list[tuple[Any, ...]]]:
    return [rows(con, table) for table in TABLES]


def counted_by_hand(con: duckdb.DuckDBPyConnection, window: timedelta) -> list[tuple[Any, ...]]:
    """The definitions, one event after the other."""
    shown = con.sql(
        "SELECT salt, user_id, arm, shown_at, post_ids FROM raw.exposures WHERE as_of IS NULL ORDER BY shown_at"
    ).fetchall()
    happened = con.sql("SELECT user_id, action, post_id, event_time FROM raw.events").fetchall()
    horizon = con.sql(
        "SELECT greatest((SELECT max(event_time) FROM raw.events), (SELECT max(shown_at) FROM raw.exposures))"
    ).fetchall()[0][0]
    out: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for salt in {one[0] for one in shown}:
        mine = [one[1:] for one in shown if one[0] == salt]
        end = (mine[-1][2] + window).date()
        closed = [one for one in mine if one[2] + window <= horizon]
        became: dict[datetime, set[tuple[str, int]]] = defaultdict(set)
        for user, action, post, when in happened:
            latest = [one[2] for one in mine if one[0] == user and one[2] <= when <= one[2] + window and post in one[3]]
            if latest:
                became[latest[-1]].add((action, post))
            if action == "like" and when.date() <= end:
                first: dict[str, datetime] = {}
                for one in closed:
                    if one[0] == user:
                        first.setdefault(one[1], one[2])
                for arm, since in first.items():
                    if when >= since:
                        out[salt, when.date(), user, arm]["likes"] += 1
        for user, arm, when, listed in closed:
            day = out[salt, when.date(), user, arm]
            actions = [action for action, _ in became[when]]
            day.update(answers=1, shown=len(listed), viewed=actions.count("view"), liked=actions.count("like"))
            day.update(hits=int("like" in actions))
    names = ("answers", "shown", "viewed", "liked", "hits", "likes")
    return sorted((*key, *(one[name] for name in names)) for key, one in out.items())
