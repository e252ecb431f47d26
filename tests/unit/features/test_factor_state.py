"""Users and posts move on by each day's views, and know nothing of a day before it is over."""

from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from core.columns import ARMS
from core.settings import Settings
from core.spread import InThreads
from features import histories
from features.as_of import priors_of
from features.basis import Basis
from features.daily import rebuild_daily
from features.factor_state import FactorStates
from features.histories import LearnedInParts
from features.known_views import Floats
from features.posts import Posts
from tests.unit.features.conftest import FITTED_BEFORE, fit_basis

CUT = date(2026, 1, 9)
MORNING = datetime(2026, 1, 9)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
USERS, POSTS = 20, 15


def states_at(con: duckdb.DuckDBPyConnection, basis: Basis, *cuts: date) -> FactorStates:
    states = FactorStates(con, basis, *priors_of(con, basis))
    for cut in cuts:
        states.advance(cut)
    return states


def everything(states: FactorStates) -> Floats:
    """Users and posts of both arms as one array."""
    arrays = [(state.users, state.posts.factors, state.posts.quality) for state in states.arms.values()]
    return np.concatenate([array.ravel() for of_arm in arrays for array in of_arm])


def scores(states: FactorStates, user: int) -> Floats:
    """Quality and taste of every post for a user, by arm, (2, P)."""
    rows, posts = np.full(POSTS, user), np.arange(POSTS)
    return np.stack([states.base(arm, rows, posts)[:, 1:].sum(axis=1) for arm in ARMS])


@pytest.fixture
def late(con: duckdb.DuckDBPyConnection) -> None:
    """Some of what happened arrives days later, some likes before and some after another like of the same post."""
    con.execute(
        """
        UPDATE raw.events SET late_at = event_time + INTERVAL 2 DAY WHERE hash(user_id, post_id, event_time) % 7 = 0;
        INSERT INTO raw.events
        SELECT user_id, post_id, action, event_time + INTERVAL 3 MINUTE, NULL FROM raw.events
        WHERE action = 'like' AND hash(post_id, event_time) % 3 = 0;
        """
    )


@pytest.mark.usefixtures("late")
def test_day_by_day_is_the_same_as_at_once(con: duckdb.DuckDBPyConnection, basis: Basis) -> None:
    days = pl.date_range(FITTED_BEFORE, CUT, eager=True)
    step_by_step, at_once = states_at(con, basis, *days), states_at(con, basis, CUT)
    np.testing.assert_array_equal(everything(step_by_step), everything(at_once))
    assert not np.array_equal(everything(at_once), everything(states_at(con, basis, CUT - DAY)))
    at_once.advance(FITTED_BEFORE)
    assert at_once.cut == CUT, "it does not go back"


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("cut", [FITTED_BEFORE, CUT])
def test_what_becomes_known_later_changes_nothing(con: duckdb.DuckDBPyConnection, basis: Basis, cut: date) -> None:
    before = everything(states_at(con, basis, cut))
    con.execute(
        """
        INSERT INTO raw.events SELECT user_id, post_id, 'like', event_time, ? FROM raw.events WHERE action = 'view';
        """,
        [datetime.combine(cut, datetime.min.time())],
    )
    np.testing.assert_array_equal(everything(states_at(con, basis, cut)), before)
    assert not np.array_equal(everything(states_at(con, basis, cut + DAY)), before)


def test_events_that_arrive_late_count_from_the_day_they_arrived(con: duckdb.DuckDBPyConnection, basis: Basis) -> None:
    days = [CUT, CUT + DAY]
    before = [everything(states_at(con, basis, day)) for day in days]
    arrived = MORNING + timedelta(hours=5)
    con.executemany(
        "INSERT INTO raw.events VALUES (0, 3, ?, ?, ?)",
        [("view", MORNING - 3 * DAY, arrived), ("like", MORNING - 3 * DAY + timedelta(minutes=5), arrived)],
    )
    after = [everything(states_at(con, basis, day)) for day in days]
    np.testing.assert_array_equal(after[0], before[0])
    assert not np.array_equal(after[1], before[1])


@pytest.mark.parametrize("liked", [True, False])
def test_a_like_draws_user_and_post_together_and_a_view_without_one_apart(
    con: duckdb.DuckDBPyConnection, basis: Basis, liked: bool
) -> None:
    """On a day on which only user 70 reads, one post; a view is of the day on which its window is over."""
    con.execute("DELETE FROM raw.events WHERE event_time BETWEEN ? AND ?", [MORNING - HOUR, MORNING + DAY])
    then = states_at(con, basis, CUT)
    seen = next(post for post in range(1, POSTS) if not has_liked(con, 70, 3 * post))
    events = [("view", MORNING), ("like", MORNING + timedelta(minutes=1))][: 1 + liked]
    con.executemany(f"INSERT INTO raw.events VALUES (70, {3 * seen}, ?, ?, NULL)", events)
    now = states_at(con, basis, CUT + DAY)
    assert (scores(now, 7)[:, seen] > scores(then, 7)[:, seen]).all() == liked
    assert (scores(now, 7)[:, seen] < scores(then, 7)[:, seen]).all() != liked
    for arm in ARMS:
        users, quality = now.arms[arm].users - then.arms[arm].users, now.arms[arm].posts.quality
        assert np.flatnonzero(users.any(axis=1)).tolist() == [7]
        assert np.flatnonzero(quality != then.arms[arm].posts.quality).tolist() == [seen]


def test_base_columns_are_prior_quality_and_taste(con: duckdb.DuckDBPyConnection, basis: Basis) -> None:
    user_ids, prior = priors_of(con, basis)
    states = states_at(con, basis, CUT)
    users, posts = np.array([3, 3, 11]), np.array([2, 9, 9])
    for arm in ARMS:
        state = states.arms[arm]
        topics = basis.posts.topic_rows[posts]
        taste = [state.users[user] @ state.posts.factors[post] for user, post in zip(users, posts, strict=True)]
        profile = state.posts.profile_weight * prior[users, topics]
        expected = np.column_stack([profile, state.posts.quality[posts], taste])
        np.testing.assert_allclose(states.base(arm, users, posts), expected, rtol=1e-5, atol=1e-7)
    assert len(user_ids) == USERS


def has_liked(con: duckdb.DuckDBPyConnection, user: int, post: int) -> bool:
    query = "SELECT count(*) FROM raw.events WHERE user_id = ? AND post_id = ? AND action = 'like'"
    found = con.execute(query, [user, post]).fetchone()
    return found is not None and found[0] > 0


def test_without_likes_nothing_is_learned_then_or_later(
    con: duckdb.DuckDBPyConnection, posts: Posts, settings: Settings
) -> None:
    con.execute("DELETE FROM raw.events WHERE action = 'like' AND event_time < ?", [MORNING])
    rebuild_daily(con)
    basis = fit_basis(con, posts, settings, FITTED_BEFORE)
    assert not basis.fitted.prior.learned
    states = states_at(con, basis, CUT + 3 * DAY)
    for arm in ARMS:
        profile, *learned = states.base(arm, np.arange(USERS).repeat(POSTS), np.tile(np.arange(POSTS), USERS)).T
        assert not np.any(learned)
        assert np.ptp(profile.reshape(USERS, POSTS), axis=0).max() == 0, "all users are told the same"


@pytest.mark.usefixtures("late")
def test_histories_learned_in_parts_are_the_same_to_the_last_bit(
    con: duckdb.DuckDBPyConnection, basis: Basis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "CHUNK", 6)  # several chunks
    users, prior = priors_of(con, basis)
    here = FactorStates(con, basis, users, prior)
    parts = FactorStates(con, basis, users, prior, LearnedInParts(InThreads(2), tmp_path))
    assert len(list(tmp_path.glob("*.history"))) == -(-len(users) // 6)
    for states in (here, parts):  # what posts and users are sure of decides how far a day moves them
        states.advance(CUT)
    np.testing.assert_array_equal(everything(parts), everything(here))
