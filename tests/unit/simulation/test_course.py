from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl
import pytest

from core.columns import ACTION, EVENT_TIME, LIKE, POST_ID, USER_ID, VIEW
from simulation.course import course, scaled
from simulation.settings import WorldSettings
from simulation.world import World, simulate

LOOK = 180  # seconds, at most


@pytest.fixture(scope="module")
def settings() -> WorldSettings:
    return replace(scaled(course(), 0.001), posts=2_000, ends_at=datetime(2021, 12, 30))


@pytest.fixture(scope="module")
def world(settings: WorldSettings) -> World:
    return simulate(settings)


def test_the_course_is_as_large_as_it_was() -> None:
    whole = course()
    assert (whole.users, whole.posts, whole.events, whole.days) == (163_205, 7_023, 76_892_800, 90)


def test_a_small_one_has_its_share_of_users_and_events_to_the_last_one(world: World) -> None:
    assert len(world.users) == 163
    assert len(world.events) == 76_893
    assert world.events[EVENT_TIME].is_sorted()
    likes = world.events.filter(pl.col(ACTION) == LIKE)
    assert len(likes) / (len(world.events) - len(likes)) == pytest.approx(0.12, abs=0.01)


def test_users_come_now_and_then_and_view_one_post_after_the_other(world: World) -> None:
    views = world.events.filter(pl.col(ACTION) == VIEW).sort(USER_ID, EVENT_TIME)
    gap = views.select(pl.col(EVENT_TIME).diff().over(USER_ID).dt.total_seconds()).to_series().drop_nulls().to_numpy()
    in_visits = gap[gap <= LOOK]
    assert len(in_visits) / len(views) == pytest.approx(28 / 29, abs=0.01)
    assert in_visits.mean() == pytest.approx(95, abs=2)
    days = views.group_by(USER_ID).agg(pl.col(EVENT_TIME).dt.date().n_unique())[EVENT_TIME]
    assert days.mean() == pytest.approx(13.5, abs=1.5)


def test_no_visit_goes_on_after_midnight(world: World) -> None:
    views = world.events.filter(pl.col(ACTION) == VIEW).sort(USER_ID, EVENT_TIME)
    close = pl.col(EVENT_TIME).diff().over(USER_ID).dt.total_seconds() <= LOOK
    over_midnight = close & (pl.col(EVENT_TIME).dt.date().diff().over(USER_ID) > pl.duration(days=0))
    # two visits may lie on both sides of it
    assert views.filter(over_midnight).height < 5


def test_some_posts_are_never_shown(world: World, settings: WorldSettings) -> None:
    shown = world.events[POST_ID].n_unique()
    assert settings.posts - shown == round(settings.posts * 192 / 7_023)
    assert np.diff(world.posts[POST_ID].to_numpy()).max() > 1


def test_another_scale_has_the_same_posts(world: World, settings: WorldSettings) -> None:
    other = simulate(replace(settings, users=80, events=40_000))
    assert other.posts.equals(world.posts)


def test_the_same_settings_give_the_same_network(world: World, settings: WorldSettings) -> None:
    again = simulate(settings)
    assert again.users.equals(world.users)
    assert again.events.equals(world.events)
