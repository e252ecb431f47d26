"""Size, seed and strengths of a simulated network."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from core.errors import SettingsError

_BOUNDS: dict[str, tuple[float, float]] = {
    "users": (1, 10_000_000),
    "posts": (1, 100_000),
    "days": (1, 3_650),
    "events": (1, 1_000_000_000),
    "seed": (0, 2**63 - 1),
    "like_rate": (0.001, 0.9),
    "late_posts": (0, 0.99),
    "late_users": (0, 0.99),
    "unseen_posts": (0, 0.99),
    "views_a_visit": (1, 1_000),
    "user_strength": (0, 10),
    "topic_strength": (0, 10),
    "text_strength": (0, 10),
    "quality_strength": (0, 10),
    "weekly_strength": (0, 10),
    "hour_strength": (0, 10),
    "profile_share": (0, 1),
    "drift": (0, 1),
    "activity_spread": (0, 3),
}


def today() -> datetime:
    """The last midnight, UTC: a world that ends now holds whole days and nothing of the future."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class WorldSettings:
    """What a simulated network is like. Equal settings give the same world, bit for bit, so fix `ends_at` as well.

    The strengths are standard deviations over users and posts of the terms in `simulation.truth`, in logits.

    Raises:
        SettingsError: a value is out of its bounds.
    """

    users: int = 5_000
    posts: int = 2_000
    days: int = 60
    events: int = 1_000_000  # views and likes together; on average over seeds unless `exact`
    seed: int = 0
    ends_at: datetime = field(default_factory=today)  # UTC when it has no zone; no event is at or after it
    like_rate: float = 0.12  # share of views liked, on average
    late_posts: float = 0.3  # share of posts that appear during the period; the others are there from the start
    late_users: float = 0.25  # share of users who join during the period
    unseen_posts: float = 0.0  # share of posts that come too late to be shown to anybody
    views_a_visit: float = 1.0  # more than 1: users come now and then and view so many posts on average, one by one
    user_strength: float = 0.4  # how much users differ in liking anything at all
    topic_strength: float = 0.6
    text_strength: float = 0.7  # taste over the meaning of texts
    quality_strength: float = 0.3
    weekly_strength: float = 0.0  # how much a post's quality changes from week to week
    hour_strength: float = 0.2
    profile_share: float = 0.5  # share of the variance of topic affinity that a profile explains
    drift: float = 0.3  # share of a quarter turn that a taste makes over the period; 1 leaves nothing of it
    activity_spread: float = 1.0  # sigma of the lognormal number of views a user makes
    exact: bool = False  # the world has `events` events to the last one

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingsError(f"{name} = {value!r} is out of bounds; set it between {low:,} and {high:,}")

    @property
    def end(self) -> np.datetime64:
        """The first moment after the world, UTC."""
        return utc(self.ends_at)

    @property
    def start(self) -> np.datetime64:
        """The first moment of the world, UTC."""
        return self.end - np.timedelta64(self.days, "D")


def utc(moment: datetime) -> np.datetime64:
    """A moment in UTC at microsecond resolution; one without a zone is taken as UTC."""
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment, "us")


def plain(moment: np.datetime64) -> datetime:
    """The inverse of `utc`: UTC without a zone."""
    return datetime(1970, 1, 1) + timedelta(microseconds=int(moment.astype("datetime64[us]").astype(np.int64)))
