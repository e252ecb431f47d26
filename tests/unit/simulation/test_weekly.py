import hashlib
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from core.columns import ACTION, EVENT_TIME, LIKED, POST_ID, VIEW
from simulation.settings import WorldSettings
from simulation.truth import Truth
from simulation.world import World, simulate

# 20 days from 2024-02-10: the third week ends a day after the world, on 2024-03-02
BORDERS = [datetime(2024, 2, 17), datetime(2024, 2, 24), datetime(2024, 3, 2)]


@pytest.fixture(scope="module")
def changing(settings: WorldSettings) -> World:
    return simulate(replace(settings, weekly_strength=1.0))


def test_a_world_without_weekly_strength_is_the_one_it_was_before_there_was_such_a_setting(world: World) -> None:
    assert not world.truth.weekly.any()
    events = world.events.select(pl.all().to_physical().cast(pl.Int64)).to_numpy()
    assert hashlib.sha256(events.tobytes()).hexdigest().startswith("9fc0524054e4d725")


def test_the_weekly_part_leaves_everything_else_as_it_was(world: World, changing: World) -> None:
    assert_frame_equal(changing.users, world.users)
    assert_frame_equal(changing.posts, world.posts)
    for field in fields(Truth):
        if field.name not in ("weekly", "bias"):
            np.testing.assert_array_equal(getattr(changing.truth, field.name), getattr(world.truth, field.name))
    assert changing.truth.weekly.std() == pytest.approx(1, abs=0.05)


def test_a_post_is_as_good_as_before_until_the_week_is_over(changing: World) -> None:
    truth = replace(changing.truth, turn_per_day=0.0, hour_effect=np.zeros_like(changing.truth.hour_effect))
    users, posts = np.arange(30), np.arange(50)
    start, end = datetime(2024, 2, 10), changing.settings.ends_at + timedelta(days=7)
    hours = [start + timedelta(hours=h) for h in range(int((end - start) / timedelta(hours=1)) + 1)]
    chances = [truth.like_probability(users, posts, hour) for hour in hours]
    changes = [
        hour for hour, before, now in zip(hours[1:], chances, chances[1:], strict=False) if (before != now).any()
    ]
    assert changes == BORDERS
    last_moment = truth.like_probability(users, posts, BORDERS[0] - timedelta(microseconds=1))
    np.testing.assert_array_equal(last_moment, chances[0])


def test_moments_outside_the_drawn_weeks_have_the_nearest_week(changing: World) -> None:
    posts = np.arange(50)
    for outside, within in ((datetime(2024, 1, 1, 5), datetime(2024, 2, 10, 5)), (datetime(2025, 1, 1), BORDERS[-1])):
        effects = [changing.truth.post_effect(posts, np.datetime64(when, "us")) for when in (outside, within)]
        np.testing.assert_array_equal(*effects)


def test_both_ways_to_ask_agree_on_every_week(changing: World) -> None:
    posts = np.arange(40)
    for when in (BORDERS[0] - timedelta(hours=1), *BORDERS):
        grid = changing.truth.like_probability(posts, posts, when)
        views = changing.truth.like_probability_of_views(posts, posts, np.full(40, np.datetime64(when, "us")))
        np.testing.assert_allclose(np.diag(grid), views, rtol=1e-5)


def test_posts_are_liked_more_in_their_better_weeks(changing: World) -> None:
    views = changing.events.filter(pl.col(ACTION) == VIEW)
    week = (views[EVENT_TIME] - datetime(2024, 2, 10)).dt.total_days() // 7
    part = changing.truth.weekly[week, changing.truth.post_rows(views[POST_ID].to_numpy())]
    liked = views[LIKED].to_numpy()
    assert liked[part > 0.5].mean() > 1.5 * liked[part < -0.5].mean()


def test_the_weekly_part_is_saved_with_the_rest(changing: World, tmp_path: Path) -> None:
    changing.truth.save(tmp_path)
    loaded = Truth.load(tmp_path)
    np.testing.assert_array_equal(loaded.weekly, changing.truth.weekly)
    assert loaded.weekly.dtype == np.float32


def test_the_weeks_reach_seven_days_beyond_a_world_of_whole_weeks() -> None:
    world = simulate(WorldSettings(users=5, posts=5, days=14, events=50, weekly_strength=1, ends_at=BORDERS[1]))
    end = np.datetime64(BORDERS[1], "us")
    now, last = (world.truth.post_effect(np.arange(5), end + np.timedelta64(days, "D")) for days in (0, 7))
    assert (now != last).all()
