from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from core.columns import ACTION, EVENT_TIME, LIKE, LIKED, POST_ID, USER_ID, VIEW
from core.errors import SettingsError
from simulation.settings import WorldSettings
from simulation.world import World, simulate


def views_of(world: World) -> pl.DataFrame:
    return world.events.filter(pl.col(ACTION) == VIEW)


def likes_of(world: World) -> pl.DataFrame:
    return world.events.filter(pl.col(ACTION) == LIKE)


def test_the_same_seed_gives_the_same_world_bit_for_bit(world: World, settings: WorldSettings) -> None:
    again = simulate(settings)
    assert_frame_equal(again.users, world.users)
    assert_frame_equal(again.posts, world.posts)
    assert_frame_equal(again.events, world.events)
    assert again.truth.bias == world.truth.bias


def test_another_seed_gives_another_world(world: World, settings: WorldSettings) -> None:
    other = simulate(replace(settings, seed=8))
    assert not other.users.equals(world.users)
    assert not set(other.posts["text"]) & set(world.posts["text"])
    assert not other.events.head(1000).equals(world.events.head(1000))


def test_more_posts_leave_the_users_as_they_were(world: World, settings: WorldSettings) -> None:
    assert_frame_equal(simulate(replace(settings, posts=301)).users, world.users)


def test_as_many_events_as_asked_for_and_the_wanted_share_liked(world: World, settings: WorldSettings) -> None:
    assert len(world.events) == pytest.approx(settings.events, rel=0.05)
    # a little below the rate of single views, since nobody likes a post again
    assert 0.09 < len(likes_of(world)) / len(views_of(world)) < 0.125


def test_events_come_in_order_and_within_the_period(world: World, settings: WorldSettings) -> None:
    times = world.events[EVENT_TIME]
    assert times.is_sorted()
    assert times[0] >= settings.ends_at - timedelta(days=settings.days)
    assert times[-1] < settings.ends_at


def test_each_like_follows_a_view_within_the_hour(world: World) -> None:
    found = likes_of(world).join_asof(
        views_of(world).filter(pl.col(LIKED)).with_columns(viewed_at=EVENT_TIME),
        on=EVENT_TIME,
        by=[USER_ID, POST_ID],
        strategy="backward",
        check_sortedness=False,
    )
    delay = found[EVENT_TIME] - found["viewed_at"]
    assert delay.null_count() == 0
    assert delay.min() > timedelta(0)
    assert delay.max() < timedelta(hours=1)
    assert delay.median() < timedelta(minutes=5)
    assert len(found) == views_of(world)[LIKED].sum()


def test_nobody_likes_a_post_twice_though_many_see_it_twice(world: World) -> None:
    assert not likes_of(world).select(USER_ID, POST_ID).is_duplicated().any()
    assert views_of(world).select(USER_ID, POST_ID).is_duplicated().any()


def test_no_view_before_the_post_appeared_or_the_user_joined(world: World) -> None:
    truth, views = world.truth, views_of(world)
    times = views[EVENT_TIME].to_numpy()
    assert (truth.published_at[truth.post_rows(views[POST_ID].to_numpy())] <= times).all()
    assert (truth.joined_at[truth.user_rows(views[USER_ID].to_numpy())] <= times).all()
    start = truth.starts_at
    assert np.mean(truth.published_at > start) == pytest.approx(0.3)
    assert np.mean(truth.joined_at > start) == pytest.approx(0.25)


def test_the_feed_shows_every_post_that_exists_equally_often(world: World) -> None:
    last_day = views_of(world).filter(pl.col(EVENT_TIME) >= pl.col(EVENT_TIME).max() - timedelta(days=5))
    old = world.truth.post_ids[world.truth.published_at == world.truth.starts_at]
    counts = last_day.filter(pl.col(POST_ID).is_in(old)).group_by(POST_ID).len()["len"]
    assert len(counts) == len(old)
    # counts of a uniform choice are Poisson: their variance is their mean
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.3)


def test_activity_is_heavy_tailed_and_follows_the_day(world: World) -> None:
    by_user = views_of(world).group_by(USER_ID).len()["len"]
    assert by_user.mean() > 1.3 * by_user.median()
    by_hour = views_of(world).group_by(pl.col(EVENT_TIME).dt.hour().alias("hour")).len().sort("hour")["len"]
    assert by_hour.len() == 24
    assert by_hour.max() > 4 * by_hour.min()


def test_profiles_are_those_of_a_mostly_russian_network(world: World) -> None:
    users = world.users
    ids = users[USER_ID]
    assert ids.is_sorted()
    assert ids.n_unique() == len(users) < ids.max()
    assert set(users["gender"]) == {0, 1}
    assert users["age"].min() >= 14
    assert users["age"].max() <= 95
    assert set(users["exp_group"]) == {0, 1, 2, 3, 4}
    assert set(users["os"]) == {"Android", "iOS"}
    assert set(users["source"]) == {"ads", "organic"}
    countries = users["country"].value_counts(sort=True)["country"].to_list()
    assert countries[:2] == ["Russia", "Ukraine"]
    moscow = users.filter(pl.col("city") == "Moscow")
    assert set(moscow["country"]) == {"Russia"}


def test_a_world_may_be_as_small_as_one_user_and_one_post() -> None:
    world = simulate(WorldSettings(users=1, posts=1, days=1, events=50, ends_at=datetime(2024, 3, 1)))
    assert len(world.users) == len(world.posts) == 1
    assert len(likes_of(world)) <= 1


def test_the_end_may_be_given_in_any_zone() -> None:
    west = datetime(2024, 2, 29, 19, tzinfo=timezone(timedelta(hours=-5)))
    assert WorldSettings(ends_at=west).end == WorldSettings(ends_at=datetime(2024, 3, 1)).end
    assert WorldSettings().ends_at <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("users", 0),
        ("posts", -1),
        ("days", 0),
        ("events", 0),
        ("seed", -1),
        ("like_rate", 1.0),
        ("late_posts", 1.0),
        ("topic_strength", float("nan")),
        ("weekly_strength", 10.1),
    ],
)
def test_a_setting_out_of_bounds_is_named_with_its_value_and_bound(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=rf"{name} = {value!r} .*between"):
        WorldSettings(**{name: value})  # type: ignore[arg-type]
