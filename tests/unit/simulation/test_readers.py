"""Readers come as often as they ever did, at the hours they always did, and like by the truth: exactly as often."""

import numpy as np
import pytest

from simulation.draws import stream
from simulation.liked import LikedPairs
from simulation.readers import NOBODY, draw_visits, read, slowest_like
from simulation.world import World

POSTS = 5
DAY = np.timedelta64(1, "D")
MIDNIGHT = np.datetime64("2024-03-01", "us")  # at which the world ends


def shown(world: World, users: int) -> np.ndarray:
    """Lists of different posts, the last one shorter than the others. (users, POSTS)"""
    rng = stream(3)
    posts = np.array([rng.choice(len(world.truth.post_ids), POSTS, replace=False) for _ in range(users)])
    posts[-1, 2:] = NOBODY
    return posts


def test_users_view_as_much_a_day_as_before(world: World) -> None:
    days = [draw_visits(world.truth, MIDNIGHT + day * DAY, POSTS, 1, seed=0) for day in range(20)]
    views = POSTS * sum(len(visits.user) for visits in days) / len(days)
    assert views == pytest.approx(world.truth.daily_views.sum(), rel=0.05)
    busy = np.argsort(world.truth.daily_views)[-60:]
    share = np.isin(np.concatenate([visits.user for visits in days]), busy).mean()
    assert share == pytest.approx(world.truth.daily_views[busy].sum() / world.truth.daily_views.sum(), rel=0.05)
    hours = np.concatenate([visits.time for visits in days]).astype("datetime64[h]").astype(int) % 24
    counts = np.bincount(hours, minlength=24)
    assert counts[15:20].sum() > 3 * counts[3:8].sum()  # evenings and nights


def test_a_share_of_the_users_is_the_same_one_every_day(world: World) -> None:
    one, other = (draw_visits(world.truth, MIDNIGHT + day * DAY, POSTS, 0.2, seed=4) for day in range(2))
    everybody = np.unique(np.concatenate([one.user, other.user]))
    assert 0.1 < len(everybody) / len(world.truth.user_ids) < 0.25
    assert len(np.intersect1d(one.user, other.user)) > 0.3 * len(everybody)
    again = draw_visits(world.truth, MIDNIGHT, POSTS, 0.2, seed=4)
    assert np.array_equal(one.time, again.time)
    assert not np.array_equal(one.time[:5], draw_visits(world.truth, MIDNIGHT, POSTS, 0.2, seed=5).time[:5])


def test_who_comes_twice_within_a_step_comes_once(world: World) -> None:
    visits = draw_visits(world.truth, MIDNIGHT, POSTS, 1, seed=0)
    noon = MIDNIGHT + np.timedelta64(12, "h")
    users = visits.between(noon, noon + np.timedelta64(1, "h"))
    within = (visits.time >= noon) & (visits.time < noon + np.timedelta64(1, "h"))
    assert users.tolist() == sorted(set(visits.user[within].tolist()))
    assert len(visits.between(MIDNIGHT - DAY, MIDNIGHT)) == 0


@pytest.mark.parametrize("lift", [0.0, 0.5])
def test_likes_agree_with_the_truth(world: World, lift: float) -> None:
    truth, users = world.truth, np.arange(len(world.truth.user_ids))
    posts = shown(world, len(users))
    factor = np.full(len(users), 1 + lift)
    expected = likes = 0.0
    for seed in range(20):
        pairs = LikedPairs(len(users), len(truth.post_ids))
        reading = read(stream(seed), truth, pairs, users, posts, factor, MIDNIGHT)
        expected += reading.probability.sum(dtype=np.float64)
        likes += reading.liked.sum()
    plain = truth.like_probability_of_views(reading.user, reading.post, reading.viewed_at)
    assert reading.probability == pytest.approx(np.minimum(plain * (1 + lift), 1))
    assert abs(likes - expected) < 4 * np.sqrt(expected)


def test_nobody_likes_a_post_twice(world: World) -> None:
    users = np.arange(len(world.truth.user_ids))
    posts, factor = shown(world, len(users)), np.ones(len(users))
    pairs = LikedPairs(len(users), len(world.truth.post_ids))
    liked: set[tuple[int, int]] = set()
    for seed in range(10):
        reading = read(stream(seed), world.truth, pairs, users, posts, factor, MIDNIGHT)
        new = set(zip(reading.user[reading.liked].tolist(), reading.post[reading.liked].tolist(), strict=True))
        assert not new & liked
        liked |= new
        known = pairs.has(reading.user, reading.post)
        assert known.sum() == len(liked)
    again = read(stream(11), world.truth, pairs, users, posts, factor, MIDNIGHT)
    assert not again.probability[known].any()


def test_views_follow_the_showing_and_likes_their_view_within_the_hour(world: World) -> None:
    users = np.arange(len(world.truth.user_ids))
    posts, pairs = shown(world, len(users)), LikedPairs(len(users), len(world.truth.post_ids))
    reading = read(stream(0), world.truth, pairs, users, posts, np.ones(len(users)), MIDNIGHT)
    views, likes = reading.views(world.truth), reading.likes(world.truth)
    assert len(views) == (len(users) - 1) * POSTS + 2
    assert views["liked"].sum() == len(likes) > 0
    assert views["event_time"].min() >= MIDNIGHT.item()
    both = likes.join(views, on=["user_id", "post_id"], suffix="_of_view")
    assert len(both) == len(likes)
    assert (both["event_time"] > both["event_time_of_view"]).all()
    assert np.datetime64(likes["event_time"].max()) < MIDNIGHT + slowest_like(POSTS) < MIDNIGHT + np.timedelta64(1, "h")
