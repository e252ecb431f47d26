"""The user whom the page Feed is about: profile, taste by topic, and history."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from secrets import choice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from api import queries
from api.engine import Serving
from api.pages.language import marked
from api.schemas import Post
from core.columns import EVENT_TIME, LIKE, LIKED, POST_ID
from core.errors import NotFound
from features.serving_state import ServingState
from ranking.segments import BUCKETS, bucket_of

NEWEST: Final = 100  # events that are looked at
DAYS: Final = 30  # of the strip
TOPICS: Final = 12
SEGMENTS: Final = (
    marked("nobody knows yet"),
    marked("with 1 to 5 events"),
    marked("with 6 to 50 events"),
    marked("with more than 50 events"),
)


@dataclass(frozen=True)
class Taste:
    """What a user thinks of a topic."""

    topic: str  # '' for posts without one
    views: int
    rate: float  # likes a view, smoothed


@dataclass(frozen=True)
class Met:
    """A post that the user met, and when last."""

    at: datetime
    post: Post
    liked: bool


@dataclass(frozen=True)
class Day:
    """What was viewed and liked on a day."""

    day: date
    views: int
    likes: int


@dataclass(frozen=True)
class Reader:
    """All that is told of a user."""

    user_id: int
    profile: dict[str, Any] | None  # None: nobody knows the user
    taste: list[Taste]
    strip: list[Day]  # without gaps, the oldest first
    history: list[tuple[date, list[Met]]]  # the newest first


def reader(serving: Serving, user_id: int, arm: str, when: datetime) -> Reader:
    """A user as known at a moment."""
    try:
        profile = {name: value for name, value in queries.find_user(serving, user_id).items() if name != "id"}
    except NotFound:
        profile = None
    events = sorted(_events(serving, user_id, when), reverse=True)[:NEWEST]
    return Reader(user_id, profile, _taste(serving, user_id, arm), _strip(events), _history(serving, events))


def sizes(state: ServingState) -> list[int]:
    """How many users each of the segments has."""
    counts: list[int] = np.bincount(bucket_of(_events_before(state)), minlength=len(BUCKETS)).tolist()
    return counts


def somebody(state: ServingState, segment: int) -> int:
    """A user of a segment, by chance.

    Raises:
        NotFound: there is none.
    """
    rows = np.flatnonzero(bucket_of(_events_before(state)) == segment)
    if not len(rows):
        raise NotFound(f"there are no {BUCKETS[segment]}")
    return int(state.user_ids[choice(rows)])


def _events_before(state: ServingState) -> NDArray[np.int64]:
    """(U,) views and likes of each user before the state's cut."""
    columns = [state.layout.names.index(name) for name in ("user_views", "user_likes")]
    counted: NDArray[np.int64] = state.users.values[:-1, columns].sum(axis=1).astype(np.int64)
    return counted


def _events(serving: Serving, user_id: int, when: datetime) -> Iterator[tuple[datetime, int, bool]]:
    """Moment, post and whether it is a like, in no order: those of the snapshot, then those since."""
    kept = "SELECT event_time, post_id, action FROM user_feed WHERE user_id = ? AND event_time <= ?"
    for row in serving.rows(kept, user_id, when):
        yield row[EVENT_TIME], row[POST_ID], row["action"] == LIKE
    since = serving.live.events(user_id)
    for at, post_id, liked in since[[EVENT_TIME, POST_ID, LIKED]].tolist():
        if at <= when:
            yield at, post_id, liked


def _taste(serving: Serving, user_id: int, arm: str) -> list[Taste]:
    recommender, audience = serving.live.now(arm, user_id)
    known = audience or recommender.audience(arm, user_id)
    views, rates = known.topics[0].T
    best = sorted(np.flatnonzero(views).tolist(), key=lambda row: -rates[row])[:TOPICS]
    return [Taste(recommender.state.topics[row], int(views[row]), float(rates[row])) for row in best]


def _strip(events: list[tuple[datetime, int, bool]]) -> list[Day]:
    if not events:
        return []
    counted = Counter((at.date(), liked) for at, _, liked in events)
    last = events[0][0].date()
    first = max(events[-1][0].date(), last - timedelta(days=DAYS - 1))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [Day(day, counted[day, False], counted[day, True]) for day in days]


def _history(serving: Serving, events: list[tuple[datetime, int, bool]]) -> list[tuple[date, list[Met]]]:
    """Each post once, where it was met last; a like before a view of the same moment."""
    liked = {post_id for _, post_id, like in events if like}
    last = {post_id: at for at, post_id, _ in reversed(events)}
    met = [
        Met(at, serving.posts[post_id], post_id in liked)
        for post_id, at in sorted(last.items(), key=lambda one: one[1], reverse=True)
        if post_id in serving.posts
    ]
    return [(day, list(posts)) for day, posts in groupby(met, key=lambda one: one.at.date())]
