"""The feed: who sees which post when, and which views are liked, drawn a day at a time.

Every view shows a post at random, uniform over those that exist at that moment, so what users see says nothing about
what they like. A day is one chunk of plain arrays: memory grows with the events of a day and with one bit for each pair
of user and post, which remembers who has liked what.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import ACTION, ACTIONS, EVENT_TIME, LIKE, LIKED, POST_ID, USER_ID, VIEW
from simulation.draws import Stream, stream
from simulation.liked import LikedPairs
from simulation.settings import WorldSettings
from simulation.truth import Truth

_ACTION = pl.Enum(ACTIONS)
# relative activity by hour, UTC: quiet at night, busiest in the evening of Moscow
_HOURS = 1 + 0.8 * np.cos(2 * np.pi * (np.arange(24) - 17) / 24)
_HOUR_ENDS = np.cumsum(_HOURS) / _HOURS.sum()
_MS_PER_HOUR = 3_600_000
# a like follows its view by 1 s plus an exponential time, cut so that it never reaches an hour
_SOONEST_MS, _MEAN_MS, LONGEST_MS = 1_000, 180_000, 3_500_000
_MS_PER_DAY = 24 * _MS_PER_HOUR
_US_PER_DAY = 1_000 * _MS_PER_DAY
# a visit's views follow each other by so much, uniformly: as in a real feed of some 50,000 events
_SHORTEST_LOOK_MS, _LONGEST_LOOK_MS = 10_000, 180_000
# an exact world aims at a little more than is wanted, in events and in standard deviations, and is cut off at the end
_MORE, _DEVIATIONS = 0.01, 5


def draw_feed(settings: WorldSettings, truth: Truth) -> Iterator[pl.DataFrame]:
    """Events of each day in turn, in order of time within a day and over days.

    Columns: user_id, post_id, action (view or like), event_time (UTC, whole milliseconds), liked (of a view: whether a
    like follows it; of a like: false).
    """
    users, posts = len(truth.user_ids), len(truth.post_ids)
    pairs = LikedPairs(users, posts)
    pending: list[pl.DataFrame] = []  # likes after midnight of views before it
    missing = settings.events
    for day in range(settings.days):
        rng = stream(settings.seed, Stream.FEED, day)
        midnight = settings.start + np.timedelta64(day, "D")
        next_midnight = midnight + np.timedelta64(1, "D")

        more = _needed(settings, truth, midnight, missing) if settings.exact else 1.0
        user, time = _views(rng, settings.views_a_visit, truth, midnight, more)
        order = np.argsort(time, kind="stable")
        user, time = user[order], time[order]
        present = time >= truth.joined_at[user]
        user, time = user[present], time[present]
        # posts are in order of appearance: those that exist are the first few
        existing = np.searchsorted(truth.published_at, time, side="right")
        post = (rng.random(len(user)) * existing).astype(np.int64)

        like_time = time + like_delays(rng, len(user))
        wants = rng.random(len(user)) < truth.like_probability_of_views(user, post, time)
        # a like that would come after the end of the world has not happened yet
        liked = pairs.first(user, post, wants & (like_time < settings.end))

        views = event_frame(truth, user, post, VIEW, time, liked)
        likes = event_frame(
            truth, user[liked], post[liked], LIKE, like_time[liked], np.zeros(int(liked.sum()), dtype=bool)
        )
        events = pl.concat([*pending, views, likes]).sort(EVENT_TIME, maintain_order=True)
        pending = [events.filter(pl.col(EVENT_TIME) >= pl.lit(next_midnight))]
        today = events.filter(pl.col(EVENT_TIME) < pl.lit(next_midnight))
        if settings.exact:
            today = today.head(missing)
            missing -= len(today)
        yield today


def _needed(settings: WorldSettings, truth: Truth, midnight: np.datetime64, missing: int) -> float:
    """By what to multiply activity from a day on, so that the `missing` events will have come just before the end."""
    stay = settings.end - truth.joined_at.clip(min=midnight)  # (U,)
    expected = (truth.daily_views @ stay.astype(np.float64)) / _US_PER_DAY * (1 + settings.like_rate)
    wanted = missing * (1 + _MORE) + _DEVIATIONS * np.sqrt(missing * settings.views_a_visit)
    return float(wanted / expected)


def _views(
    rng: np.random.Generator, views_a_visit: float, truth: Truth, midnight: np.datetime64, more: float
) -> tuple[NDArray[np.int64], NDArray[np.datetime64]]:
    """Who views something on a day and when, in no order; those who have not joined by then are not left out yet."""
    users, next_midnight = len(truth.user_ids), midnight + np.timedelta64(1, "D")
    visits_a_day = np.where(truth.joined_at < next_midnight, truth.daily_views * (more / views_a_visit), 0)
    visitor = np.repeat(np.arange(users), rng.poisson(visits_a_day))
    came = times_of_day(rng, len(visitor))
    if views_a_visit == 1:
        return visitor, midnight + came
    views = 1 + rng.poisson(views_a_visit - 1, len(visitor))
    first = np.cumsum(views) - views
    looked = np.cumsum(rng.integers(_SHORTEST_LOOK_MS, _LONGEST_LOOK_MS, int(views.sum())))
    since = looked - np.repeat(looked[first], views)  # of the visit's first view
    longest = np.maximum.reduceat(since, first) if len(first) else since
    # earlier by so much that the visit is over at midnight
    came_ms = (came.astype(np.int64) * (1 - np.minimum(longest / _MS_PER_DAY, 1))).astype(np.int64)
    time = (np.repeat(came_ms, views) + since).astype("timedelta64[ms]")
    return np.repeat(visitor, views), midnight + time


def times_of_day(rng: np.random.Generator, count: int) -> NDArray[np.timedelta64]:
    """Times since midnight that follow the daily cycle of activity, in whole milliseconds. (count,)"""
    hour = np.searchsorted(_HOUR_ENDS, rng.random(count), side="right").clip(max=23)
    return ((hour + rng.random(count)) * _MS_PER_HOUR).astype("timedelta64[ms]")


def like_delays(rng: np.random.Generator, count: int) -> NDArray[np.timedelta64]:
    """Times from view to like, by inversion of the cut exponential distribution. (count,)"""
    within = 1 - np.exp(-LONGEST_MS / _MEAN_MS)
    delays: NDArray[np.float64] = _SOONEST_MS - _MEAN_MS * np.log1p(-within * rng.random(count))
    return delays.astype("timedelta64[ms]")


def event_frame(
    truth: Truth,
    user: NDArray[np.int64],
    post: NDArray[np.int64],
    action: str,
    time: NDArray[np.datetime64],
    liked: NDArray[np.bool_],
) -> pl.DataFrame:
    """Events of one action, by rows of users and posts, in the columns of `draw_feed`."""
    return pl.DataFrame(
        {
            USER_ID: truth.user_ids[user],
            POST_ID: truth.post_ids[post],
            ACTION: pl.repeat(action, len(user), dtype=_ACTION, eager=True),
            EVENT_TIME: time,
            LIKED: liked,
        }
    )
