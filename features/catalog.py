"""The feature catalogue: every column of a ranker's matrix, in its order, with what it means.

The order is profile, activity, post, pair, base, request. Both arms have the same columns; only the vectors behind the
similarity and the factors behind the base differ. The base columns add up to the log-odds that the ranker starts from
and corrects. `Layout` gives the names and the place of each group; the catalogue table
of a snapshot is written from the same lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import polars as pl

DAILY = "days before the cut"
STANDING = "does not change"
AT_REQUEST = "moment of the request"
LEARNED = "fitted before the training window, then days before the cut"


@dataclass(frozen=True)
class FeatureSpec:
    """One column: its group, type, unit, what it may know, and one line of meaning."""

    name: str
    group: str
    type: str
    unit: str
    as_of: str
    meaning: str


ACTIVITY = (
    FeatureSpec("user_views", "activity", "count", "views", DAILY, "posts the user was shown"),
    FeatureSpec("user_likes", "activity", "count", "likes", DAILY, "likes the user gave"),
    FeatureSpec("user_like_rate", "activity", "rate", "likes per view", DAILY, "smoothed towards everybody's rate"),
    FeatureSpec("user_views_7d", "activity", "count", "views", DAILY, "posts shown in the last 7 days"),
    FeatureSpec(
        "user_like_rate_7d", "activity", "rate", "likes per view", DAILY, "last 7 days, smoothed to the user's own"
    ),
    FeatureSpec("user_days_known", "activity", "age", "days", DAILY, "since the user's first event"),
    FeatureSpec("user_days_away", "activity", "age", "days", DAILY, "since the user's latest event"),
)
POST = (
    FeatureSpec("post_views", "post", "count", "views", DAILY, "times the post was shown"),
    FeatureSpec("post_likes", "post", "count", "likes", DAILY, "likes the post got"),
    FeatureSpec("post_like_rate", "post", "rate", "likes per view", DAILY, "smoothed towards its topic's rate"),
    FeatureSpec("post_views_7d", "post", "count", "views", DAILY, "times shown in the last 7 days"),
    FeatureSpec(
        "post_like_rate_7d", "post", "rate", "likes per view", DAILY, "last 7 days, smoothed to the post's own"
    ),
    FeatureSpec("post_trend", "post", "ratio", "1", DAILY, "last 7 days' like rate over the whole one"),
    FeatureSpec(
        "post_like_rate_decayed", "post", "rate", "likes per view", DAILY, "older views count less, see half-life"
    ),
    FeatureSpec("post_age_days", "post", "age", "days", DAILY, "since the post was first shown"),
    FeatureSpec("post_words", "post", "count", "words", STANDING, "length of the text"),
    FeatureSpec("topic_like_rate", "post", "rate", "likes per view", DAILY, "like rate of the post's topic"),
    FeatureSpec("topic", "post", "code", "1", STANDING, "place among the topics at training, by name"),
)
TOPIC_PAIR = (
    FeatureSpec("pair_topic_views", "pair", "count", "views", DAILY, "posts of this topic the user was shown"),
    FeatureSpec("pair_topic_like_rate", "pair", "rate", "likes per view", DAILY, "user's smoothed rate in this topic"),
)
TEXT_PAIR = (
    FeatureSpec(
        "pair_liked_similarity", "pair", "similarity", "cosine", DAILY, "post's text to the mean of those liked"
    ),
)
BASE = (
    FeatureSpec("base_profile", "base", "score", "log-odds", LEARNED, "how users of this profile like the topic"),
    FeatureSpec("base_quality", "base", "score", "log-odds", LEARNED, "how much better or worse the post is"),
    FeatureSpec("base_taste", "base", "score", "log-odds", LEARNED, "the user's factors times the post's"),
)
NEIGHBOUR_PAIR = (
    FeatureSpec("pair_neighbours", "pair", "score", "1", DAILY, "liked by those who liked the same, by BM25"),
)
PAIR = (*TOPIC_PAIR, *TEXT_PAIR, *NEIGHBOUR_PAIR)
# what is computed anew for each user and post
PERSONAL = (*PAIR, *BASE)
REQUEST = (
    FeatureSpec("request_hour", "request", "time", "hour 0-23, UTC", AT_REQUEST, "hour of the day"),
    FeatureSpec("request_weekday", "request", "time", "day 1-7, Monday 1", AT_REQUEST, "day of the week"),
)

# what a person is told that features speak for, by the beginning of their names; {topic} is that of the post
REASONS = {
    "profile_": "people like you (profile)",
    "user_": "how much you read and like",
    "post_": "how well the post is liked",
    "post_views_7d": "popular this week",
    "post_like_rate_7d": "popular this week",
    "post_like_rate_decayed": "popular this week",
    "post_trend": "popular this week",
    "post_age_days": "how new the post is",
    "post_words": "how long the text is",
    "topic": "how well {topic} is liked",
    "pair_": "like posts you liked",
    "base_profile": "people like you (profile)",
    "base_quality": "how well the post is liked",
    "base_taste": "like posts you liked",
    "pair_neighbours": "liked by people who like what you like",
    "pair_topic_": "your taste in {topic}",
    "request_": "time of day and week",
}


def reason_of(name: str) -> str:
    """Find what to tell a person that feature `name` speaks for: the longest beginning in `REASONS` decides."""
    return REASONS[max((start for start in REASONS if name.startswith(start)), key=len, default=name)]


@dataclass(frozen=True)
class Layout:
    """The columns of a ranker's matrix for a network with these profile columns.

    Args:
        profile: names of the source's profile columns, in the source's order.
    """

    profile: Sequence[str]

    @classmethod
    def of_names(cls, names: Sequence[str]) -> Self:
        """Rebuild the layout from its own `names`."""
        return cls(tuple(name.removeprefix("profile_") for name in names if name.startswith("profile_")))

    @cached_property
    def specs(self) -> list[FeatureSpec]:
        profile = [
            FeatureSpec(f"profile_{name}", "profile", "value or code", "1", STANDING, f"the user's {name}")
            for name in self.profile
        ]
        return [*profile, *ACTIVITY, *POST, *PAIR, *BASE, *REQUEST]

    @cached_property
    def names(self) -> list[str]:
        return [spec.name for spec in self.specs]

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Where each group stands; `user` is profile and activity, `personal` pair and base together."""
        groups = [spec.group for spec in self.specs]
        found = {group: slice(groups.index(group), len(groups) - groups[::-1].index(group)) for group in set(groups)}
        return {
            **found,
            "user": slice(0, found["activity"].stop),
            "personal": slice(found["pair"].start, found["base"].stop),
        }

    def catalog(self) -> pl.DataFrame:
        """The catalogue as the snapshot's table `feature_catalog`."""
        return pl.DataFrame([vars(spec) | {"reason": reason_of(spec.name)} for spec in self.specs])
