"""Readers of a feed that somebody else fills: when they come, what they view and what they like.

The same people as in `simulation.feed`, with the same daily activity and hours; what differs is that posts are not
shown at random but by a recommender. Everything is drawn with plain arrays, a day of visits or one moment at a time.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import EVENT_TIME, LIKE, VIEW
from simulation.draws import Stream, stream
from simulation.feed import LONGEST_MS, event_frame, like_delays, times_of_day
from simulation.liked import LikedPairs
from simulation.truth import Truth

DWELL_MS = 10_000  # a post of a list is looked at for so long
NOBODY = -1  # where a list is shorter than others


@dataclass(frozen=True)
class Visits:
    """Who opens the feed when, in order of time."""

    user: NDArray[np.int64]  # (V,) rows of the truth
    time: NDArray[np.datetime64]  # (V,)

    def between(self, start: np.datetime64, end: np.datetime64) -> NDArray[np.int64]:
        """Rows of the users who come in [start, end), each once, ascending."""
        first, last = np.searchsorted(self.time, [start, end])
        return np.unique(self.user[first:last])


@dataclass(frozen=True)
class Reading:
    """What came of lists that were shown at one moment: an entry a shown post, by list and position. All (n,)."""

    user: NDArray[np.int64]
    post: NDArray[np.int64]
    probability: NDArray[np.float32]  # that this showing is liked, given all before: 0 for a post liked before
    liked: NDArray[np.bool_]
    viewed_at: NDArray[np.datetime64]
    liked_at: NDArray[np.datetime64]  # of use where liked

    def views(self, truth: Truth) -> pl.DataFrame:
        """Columns as in `simulation.feed.draw_feed`."""
        return event_frame(truth, self.user, self.post, VIEW, self.viewed_at, self.liked).sort(EVENT_TIME)

    def likes(self, truth: Truth) -> pl.DataFrame:
        user, post, time = self.user[self.liked], self.post[self.liked], self.liked_at[self.liked]
        return event_frame(truth, user, post, LIKE, time, np.zeros(len(user), dtype=bool)).sort(EVENT_TIME)


def slowest_like(posts: int) -> np.timedelta64:
    """A like of a list of so many posts comes sooner than this after the list is shown."""
    return np.timedelta64(posts * DWELL_MS + LONGEST_MS, "ms")


def draw_visits(truth: Truth, day: np.datetime64, posts: int, share: float, seed: int) -> Visits:
    """Visits of one day, at each of which `posts` are viewed, so that a user views as many a day as ever.

    Args:
        truth: the world's.
        day: its midnight, UTC.
        posts: length of the lists.
        share: of the users who come at all, the same ones every day.
        seed: of the rehearsal.
    """
    users = len(truth.user_ids)
    comes = stream(seed, Stream.READERS).random(users) < share
    rng = stream(seed, Stream.READERS, int(day.astype("datetime64[D]").astype(np.int64)))
    user = np.repeat(np.arange(users), rng.poisson(np.where(comes, truth.daily_views / posts, 0)))
    time = day + times_of_day(rng, len(user))
    order = np.argsort(time, kind="stable")
    user, time = user[order], time[order]
    present = time >= truth.joined_at[user]
    return Visits(user[present], time[present])


def read(
    rng: np.random.Generator,
    truth: Truth,
    pairs: LikedPairs,
    users: NDArray[np.int64],
    posts: NDArray[np.int64],
    factor: NDArray[np.float64],
    shown_at: np.datetime64,
) -> Reading:
    """Let users view the lists that they are shown, post by post, and like what they like.

    Args:
        rng: source of every draw.
        truth: the world's.
        pairs: who has liked what; the new likes are added.
        users: (n,) rows, each once.
        posts: (n, k) rows of the posts shown to each; NOBODY where a list is shorter.
        factor: (n,) by which probabilities are multiplied, up to 1; 1 is the truth.
        shown_at: when all of these lists are shown, UTC.
    """
    row, position = np.nonzero(posts != NOBODY)
    user, post = users[row], posts[row, position]
    looked = (position + rng.random(len(row))) * DWELL_MS
    viewed_at = shown_at + looked.astype("timedelta64[ms]")
    likely = np.minimum(truth.like_probability_of_views(user, post, viewed_at) * factor[row], 1)
    probability = np.where(pairs.has(user, post), 0, likely).astype(np.float32)
    liked = pairs.first(user, post, rng.random(len(row)) < probability)
    return Reading(user, post, probability, liked, viewed_at, viewed_at + like_delays(rng, len(row)))
