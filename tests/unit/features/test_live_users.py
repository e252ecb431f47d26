"""A user moved by events is the user that a rebuilt state has after the same events."""

from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from core.columns import ARMS, CONTROL
from features.audience import Audience
from features.basis import Basis
from features.catalog import ACTIVITY, Layout
from features.daily import rebuild_daily
from features.ids import place_of
from features.live_users import EVENT, Profiles, curvature, moved, newcomer, next_outcome
from features.serving_state import ServingState, build_state

CUT = date(2026, 1, 9)
NOON = datetime(2026, 1, 8, 12)
HOUR = timedelta(hours=1)
USERS, POSTS = 20, 15
EVERYBODYS = ("user_like_rate", "user_like_rate_7d")  # smoothed to a rate that all users' events move


def forget_after(con: duckdb.DuckDBPyConnection, moment: datetime) -> None:
    con.execute("DELETE FROM raw.events WHERE event_time >= ?", [moment])
    rebuild_daily(con)


def state_of(con: duckdb.DuckDBPyConnection, basis: Basis, layout: Layout, cut: date = CUT) -> ServingState:
    return build_state(con, basis, layout, cut, np.ones(POSTS, np.bool_))


def happen(con: duckdb.DuckDBPyConnection, events: NDArray[np.void]) -> None:
    frame = pl.DataFrame({name: events[name] for name in EVENT.names or ()})
    con.register("new", frame)
    con.execute("INSERT INTO raw.events SELECT user_id, post_id, if(liked, 'like', 'view'), event_time, NULL FROM new")
    rebuild_daily(con)


def some_events(seed: int, start: datetime, count: int = 300) -> NDArray[np.void]:
    """Views, a third of them liked within the hour, of all users over ten hours."""
    rng = np.random.default_rng(seed)
    views = np.zeros(count, EVENT)
    views["user_id"], views["post_id"] = rng.integers(0, USERS, count) * 10, rng.integers(0, POSTS, count) * 3
    views["event_time"] = np.datetime64(start) + rng.integers(0, 36_000_000_000, count).astype("m8[us]")
    likes = views[::3].copy()
    likes["event_time"] += np.timedelta64(3, "m")
    likes["liked"] = True
    return np.unique(np.concatenate([views, likes]))


def now_of(state: ServingState, arm: str, user_id: int, events: NDArray[np.void], now: datetime) -> Audience:
    user = state.audience(arm, np.array([place_of(state.user_ids, user_id)]))
    return moved(state, arm, user, events[events["user_id"] == user_id], now, HOUR, curvature(state, arm))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_topics_and_likes_are_those_of_a_rebuilt_state(
    con: duckdb.DuckDBPyConnection, basis: Basis, layout: Layout, seed: int
) -> None:
    con.execute("DELETE FROM raw.events WHERE user_id = 70")  # who begins to read today
    forget_after(con, NOON)
    before, events = state_of(con, basis, layout), some_events(seed, NOON)
    happen(con, events)
    after = state_of(con, basis, layout)
    names = [spec.name for spec in ACTIVITY]
    exact = [layout.slices["activity"].start + names.index(name) for name in names if name not in EVERYBODYS]
    for row, user_id in enumerate(before.user_ids.tolist()):
        for arm in ARMS:
            live, rebuilt = now_of(before, arm, user_id, events, NOON), after.audience(arm, np.array([row]))
            np.testing.assert_array_equal(live.values[:, exact], rebuilt.values[:, exact])
            np.testing.assert_allclose(live.values, rebuilt.values, atol=0.05)
            np.testing.assert_array_equal(live.topics[..., 0], rebuilt.topics[..., 0])
            np.testing.assert_allclose(live.topics[..., 1], rebuilt.topics[..., 1], atol=0.05)
            np.testing.assert_array_equal(live.liked_posts, rebuilt.liked_posts)


def test_rates_move_as_those_of_a_rebuilt_state(con: duckdb.DuckDBPyConnection, basis: Basis, layout: Layout) -> None:
    """What one user does hardly moves the rates of everybody, which stay in the live user."""
    forget_after(con, NOON)
    before, events = state_of(con, basis, layout), some_events(1, NOON)
    events = events[events["user_id"] == 70]
    happen(con, events)
    rebuilt = state_of(con, basis, layout).audience(CONTROL, np.array([7]))
    live, unmoved = now_of(before, CONTROL, 70, events, NOON), before.audience(CONTROL, np.array([7]))
    np.testing.assert_allclose(live.values, rebuilt.values, rtol=0.01)
    np.testing.assert_allclose(live.topics, rebuilt.topics, rtol=0.02)
    assert not np.allclose(unmoved.topics, rebuilt.topics, rtol=0.05)


def test_factors_move_as_those_of_a_refresh_do(con: duckdb.DuckDBPyConnection, basis: Basis, layout: Layout) -> None:
    forget_after(con, datetime(2026, 1, 9))
    before, events = state_of(con, basis, layout), some_events(1, datetime(2026, 1, 9, 2), 400)
    happen(con, np.append(events, np.array([(0, datetime(2026, 1, 9, 23), 0, False)], EVENT)))
    after = state_of(con, basis, layout, date(2026, 1, 10))
    for arm in ARMS:
        users = [now_of(before, arm, user, events, datetime(2026, 1, 10)) for user in before.user_ids.tolist()]
        ours = np.concatenate([user.factors for user in users]) - before.user_factors[arm][:-1]
        theirs = (after.user_factors[arm] - before.user_factors[arm])[:-1]
        lengths = np.linalg.norm([ours, theirs], axis=2)
        cosines = (ours * theirs).sum(axis=1) / lengths.prod(axis=0)
        assert cosines.mean() > 0.95
        assert np.quantile(cosines, 0.1) > 0.8
        assert 0.7 < np.median(lengths[0] / lengths[1]) < 1.3


def test_a_view_says_nothing_before_its_window_is_over_and_a_like_at_once(
    con: duckdb.DuckDBPyConnection, basis: Basis, layout: Layout
) -> None:
    forget_after(con, NOON)
    state = state_of(con, basis, layout)
    user = state.audience(CONTROL, np.array([7]))
    unknown = next(post for post in range(POSTS) if post not in user.liked_posts)
    view = np.array([(70, NOON, 3 * unknown, False)], EVENT)
    like = np.array([(70, NOON + HOUR / 2, 3 * unknown, True)], EVENT)
    minute = timedelta(minutes=1)
    early, late = (now_of(state, CONTROL, 70, view, NOON + HOUR + by).factors for by in (-minute, minute))
    liked = now_of(state, CONTROL, 70, np.append(view, like), NOON + HOUR / 2).factors
    np.testing.assert_array_equal(early, user.factors)
    of_post = state.post_factors[CONTROL].factors[unknown]
    assert late[0] @ of_post < user.factors[0] @ of_post < liked[0] @ of_post
    assert next_outcome(view, NOON, HOUR) == NOON + HOUR
    assert next_outcome(view, NOON + HOUR, HOUR) == next_outcome(like, NOON, HOUR) == datetime.max


def test_a_newcomer_is_what_a_rebuilt_state_makes_of_a_user_without_events(
    con: duckdb.DuckDBPyConnection, basis: Basis, layout: Layout, tmp_path: Path
) -> None:
    before = state_of(con, basis, layout)
    con.execute("INSERT INTO raw.users VALUES (35, 40, 'Perm')")
    after = state_of(con, basis, layout)
    basis.fitted.save(tmp_path)
    profiles = Profiles.load(tmp_path, before.topics)
    profile, prior = profiles.describe(pl.DataFrame({"user_id": [35], "age": [40], "city": ["Perm"]}))
    for arm in ARMS:
        live = newcomer(before, arm, profile[0], prior[0])
        rebuilt = after.audience(arm, np.array([place_of(after.user_ids, 35)]))
        for name, value in vars(rebuilt).items():
            np.testing.assert_array_equal(getattr(live, name), value)
