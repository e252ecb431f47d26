"""Users as they are just now: what the snapshot knows of them, moved by what happened since its watermark.

Counts and rates move by the formulas of `sql/user_activity.sql` and `sql/user_topics.sql`, to the same numbers that a
rebuilt state would have but for everybody's rates, which stay. The cut stays too: what happened after it counts as of
the day before it. Factors move by one Newton step, as `features.factor_state` moves them by a day. What posts are like
does not move: their counts, quality and factors wait for the next snapshot.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import EVENT_TIME, LIKED, POST_ID, USER_ID
from features.audience import Audience
from features.catalog import ACTIVITY, POST
from features.codebook import Codebook
from features.factor_model import Doubles, PostFactors, newton_step
from features.fitted import CODEBOOK_FILE
from features.known_views import Floats, Views
from features.profile_prior import ProfilePrior
from features.serving_state import ServingState

# an event that the snapshot does not know; sorted by these fields in this order
EVENT = np.dtype([(USER_ID, np.int64), (EVENT_TIME, "M8[us]"), (POST_ID, np.int64), (LIKED, np.bool_)])
ACTIVITIES = {spec.name: place for place, spec in enumerate(ACTIVITY)}
POST_VIEWS = next(place for place, spec in enumerate(POST) if spec.name == "post_views")
# what rates are smoothed by, in views, as in the SQL
OF_USER, OF_WEEK, OF_TOPIC = 20, 10, 10


@dataclass(frozen=True)
class Profiles:
    """What a snapshot makes of the profiles of users whom it has never seen."""

    codebook: Codebook
    prior: ProfilePrior
    topic_codes: Floats  # (T,)

    @classmethod
    def load(cls, folder: Path, topics: list[str]) -> Self:
        """Read what was fitted from the snapshot's folder; `topics` are those of its state."""
        codebook = Codebook.load(folder / CODEBOOK_FILE)
        return cls(codebook, ProfilePrior.load(folder), codebook.topic_codes(topics))

    def describe(self, users: pl.DataFrame) -> tuple[Floats, Floats]:
        """Encode rows of the user table: profiles (n, C), and log-odds of a like by topic (n, T)."""
        profiles = self.codebook.transform(users)
        return profiles, self.prior.log_odds(profiles, self.topic_codes)


def newcomer(state: ServingState, arm: str, profile: Floats, prior: Floats) -> Audience:
    """A user without events: (C,) and (T,) as `Profiles` gives them."""
    unseen = state.audience(arm, np.array([-1]))
    values = unseen.values.copy()
    values[0, : state.layout.slices["activity"].start] = profile
    return replace(unseen, values=values, prior=prior[None])


def curvature(state: ServingState, arm: str) -> Floats:
    """Mean of f fᵀ over all views of the network, (K, K): what an average view tells of a user's factors."""
    factors, views = state.post_factors[arm].factors, state.posts.values[:, POST_VIEWS]
    mean: Floats = factors.T @ (views[:, None] * factors) / max(views.sum(), np.float32(1))
    return mean


def moved(
    state: ServingState,
    arm: str,
    user: Audience,
    events: NDArray[np.void],
    now: datetime,
    window: timedelta,
    of_view: Floats,
) -> Audience:
    """One user after some events.

    Args:
        state: where the user comes from; posts that it does not know are left out.
        arm: whose text space and factors.
        user: one user, as before the events.
        events: of the user, dtype `EVENT`, sorted; none that the state has counted.
        now: UTC; a view that is younger than the attribution window has no outcome yet.
        window: the attribution window.
        of_view: the arm's `curvature`.
    """
    rows = state.rows_of(events[POST_ID])
    events, rows = events[rows >= 0], rows[rows >= 0]
    if not len(rows):
        return user
    liked_posts = np.union1d(user.liked_posts, rows[events[LIKED]]).astype(np.int32)
    values = _activity(state, user, events)
    return Audience(
        values=values,
        topics=_topics(state, user, values, events, rows),
        prior=user.prior,
        liked=_direction(state.spaces[arm].vectors[liked_posts]),
        factors=_factors(state, arm, user, events, rows, np.datetime64(now), np.timedelta64(window), of_view),
        liked_offsets=np.array([0, len(liked_posts)]),
        liked_posts=liked_posts,
    )


def next_outcome(events: NDArray[np.void], now: datetime, window: timedelta) -> datetime:
    """When the next of a user's views will have an outcome; the end of time if all have."""
    open_since = events[EVENT_TIME][~events[LIKED] & (events[EVENT_TIME] > np.datetime64(now - window))]
    return open_since.min().item() + window if len(open_since) else datetime.max


def _activity(state: ServingState, user: Audience, events: NDArray[np.void]) -> Floats:
    """Count the events: (1, profile + activity)."""
    group = state.layout.slices["activity"]
    before = dict(zip(ACTIVITIES, user.values[0, group].astype(np.float64), strict=True))
    everybody = state.users.values[-1, group][ACTIVITIES["user_like_rate"]].astype(np.float64)  # the unseen user's
    cut = np.datetime64(state.cut)
    days, liked = events[EVENT_TIME].astype("M8[D]"), events[LIKED]
    late = days >= cut - 7
    views, likes = before["user_views"] + (~liked).sum(), before["user_likes"] + liked.sum()
    rate = _smoothed(likes, views, everybody, OF_USER)
    likes_7d = _likes(before["user_like_rate_7d"], before["user_views_7d"], before["user_like_rate"], OF_WEEK)
    views_7d = before["user_views_7d"] + (late & ~liked).sum()
    known, away = (max((cut - day).astype(int), 1) for day in (days.min(), days.max()))
    after = {
        "user_views": views,
        "user_likes": likes,
        "user_like_rate": rate,
        "user_views_7d": views_7d,
        "user_like_rate_7d": _smoothed(likes_7d + (late & liked).sum(), views_7d, rate, OF_WEEK),
        "user_days_known": np.fmax(before["user_days_known"], known),
        "user_days_away": np.fmin(before["user_days_away"], away),
    }
    values = user.values.copy()
    values[0, group] = [after[name] for name in ACTIVITIES]
    return values


def _topics(
    state: ServingState, user: Audience, values: Floats, events: NDArray[np.void], rows: NDArray[np.int64]
) -> Floats:
    """Count the events by topic: (1, T, 2). `values` are those of `_activity`."""
    place = state.layout.slices["activity"].start + ACTIVITIES["user_like_rate"]
    with np.errstate(divide="ignore", invalid="ignore"):  # a network without a like has no rates to compare
        relative = state.users.topics[-1, :, 1].astype(np.float64) / state.users.values[-1, place]
    views, rate = user.topics[0].T.astype(np.float64)
    likes = _likes(rate, views, user.values[0, place] * relative, OF_TOPIC)
    of_topics, liked = state.posts.topic_rows[rows], events[LIKED]
    views = views + np.bincount(of_topics[~liked], minlength=len(views))
    likes = likes + np.bincount(of_topics[liked], minlength=len(views))
    moved_rate = _smoothed(likes, views, values[0, place] * relative, OF_TOPIC)
    topics: Floats = np.stack([views, moved_rate], axis=1)[None].astype(np.float32)
    return topics


def _direction(liked: Floats) -> Floats:
    """Where the posts lie that the user liked, (L, dims), as `features.liked` says, each post once: (1, dims)."""
    total = liked.sum(axis=0, dtype=np.float64)
    norm = np.linalg.norm(total)
    direction: Floats = (total / (norm if norm > 0 else 1)).astype(np.float32)[None]
    return direction


def _factors(
    state: ServingState,
    arm: str,
    user: Audience,
    events: NDArray[np.void],
    rows: NDArray[np.int64],
    now: np.datetime64,
    window: np.timedelta64,
    of_view: Floats,
) -> Floats:
    """Learn from the outcomes of views that are known by now: (1, K).

    The snapshot does not keep the precision of what it knows of a user. It is taken as that of so many average views
    of the network, I + n r (1 - r) C with n the user's views, r the like rate and C the `curvature`; so a user who
    reads one topic only moves a little too far along it, and a little too little along the others.
    """
    posts, anchor = state.post_factors[arm], user.factors
    seen, liked = _outcomes(user, events, rows, now, window)
    if not len(seen):
        return anchor
    n = len(seen)
    views = Views(
        user_ids=np.zeros(1, np.int64),
        post_count=n,
        user=np.zeros(n, np.int64),
        post=np.arange(n),
        liked=liked,
        user_starts=np.array([0, n]),
    )
    shown = PostFactors(posts.quality[seen], posts.factors[seen], posts.profile_weight)
    activity = user.values[0, state.layout.slices["activity"]]
    count, rate = np.nan_to_num(activity[[ACTIVITIES["user_views"], ACTIVITIES["user_like_rate"]]])
    precision = np.eye(len(of_view), dtype=np.float32) + count * rate * (1 - rate) * of_view
    prior = user.prior[0, state.posts.topic_rows[seen]]
    return newton_step(views, prior, shown, anchor, precision[None], anchor)[0]


def _outcomes(
    user: Audience, events: NDArray[np.void], rows: NDArray[np.int64], now: np.datetime64, window: np.timedelta64
) -> tuple[NDArray[np.int64], Floats]:
    """What the user was shown and whether it was liked, (n,) and (n,), as `sql/known_views.sql` labels views.

    A like counts at once, a view without one when its window is over. Posts that were liked before say nothing new.
    """
    times, new = events[EVENT_TIME], ~np.isin(rows, user.liked_posts)
    given = new & events[LIKED]
    liked, first = np.unique(rows[given], return_index=True)
    ignored = new & ~events[LIKED] & (times + window <= now)
    if len(liked):
        place = np.minimum(np.searchsorted(liked, rows), len(liked) - 1)
        ignored &= (liked[place] != rows) | (times[given][first][place] > times + window)
    labels = np.repeat(np.array([0, 1], np.float32), [ignored.sum(), len(liked)])
    return np.concatenate([rows[ignored], liked]), labels


def _smoothed(likes: Doubles, views: Doubles, prior: Doubles, weight: int) -> Doubles:
    return (likes + weight * prior) / (views + weight)


def _likes(rate: Doubles, views: Doubles, prior: Doubles, weight: int) -> Doubles:
    """The whole number of likes that `_smoothed` made `rate` of."""
    likes: Doubles = np.nan_to_num(np.rint(rate * (views + weight) - weight * prior))
    return likes
