"""What can be said of posts before anybody asks: which may be shown, and the orders that are the same for everybody.

Computed once for a state, so that a request takes the beginning of a list instead of sorting all posts. A `View` is the
posts of one topic, or all of them.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.audience import Audience
from features.catalog import POST
from features.serving_state import ServingState
from ranking.top_k import NOTHING, best_of

Rows: TypeAlias = NDArray[np.int64]
PLACES = {spec.name: place for place, spec in enumerate(POST)}


@dataclass(frozen=True)
class View:
    """Posts that may be shown: their orders, best first, ties by row."""

    allowed: NDArray[np.bool_]  # (P,)
    barrier: NDArray[np.float32]  # (P,) 0 for those allowed, -inf for the others: added to scores
    count: int  # of those allowed
    whole: bool  # not only a topic
    trending: Rows  # by the like rate of late
    fresh: Rows  # shown first within `ranking.fresh_for`, the newest first
    popular: Rows  # by likes
    topics: Rows  # (T, longest) of each topic by how a post does within it, -1 at the end


class Shelf:
    """The P posts of a state.

    Args:
        state: whose posts.
        fresh_days: a post younger than this is fresh.
    """

    def __init__(self, state: ServingState, fresh_days: float) -> None:
        self._state = state
        self._fresh_days = fresh_days
        topic = self.feature("topic_like_rate")
        # (P,) like rate of the post over that of its topic; a network without a like has no rates to compare
        self.within_topic = (self.feature("post_like_rate") / np.where(topic > 0, topic, 1)).astype(np.float32)
        self._views: dict[int | None, View] = {}  # as many as there are topics, and one
        self._models: dict[str, NDArray[np.float32]] = {}

    @property
    def all(self) -> View:
        """Every post that may be shown."""
        return self.view(None)

    def view(self, topic: int | None) -> View:
        """The posts of one topic, given by its place in the state's topics; None: all posts."""
        if topic not in self._views:
            self._views[topic] = self._view(topic)
        return self._views[topic]

    def model(self, arm: str) -> NDArray[np.float32]:
        """What `model_queries` are multiplied with, (P, T + 1 + K)."""
        if arm not in self._models:
            self._models[arm] = model_vectors(self._state, arm)
        return self._models[arm]

    def feature(self, name: str) -> NDArray[np.float32]:
        """Give one post feature, (P,)."""
        values: NDArray[np.float32] = self._state.posts.by_feature[PLACES[name]]
        return values

    def _view(self, topic: int | None) -> View:
        state = self._state
        topic_rows = state.posts.topic_rows
        allowed = state.eligible if topic is None else state.eligible & (topic_rows == topic)
        age = np.nan_to_num(self.feature("post_age_days"), nan=0.0)  # never shown: the newest of all
        by_topic = [_order(self.within_topic, allowed & (topic_rows == row)) for row in range(len(state.topics))]
        longest = max(map(len, by_topic), default=0)
        topics = np.array([np.pad(rows, (0, longest - len(rows)), constant_values=NOTHING) for rows in by_topic])
        topics = topics.reshape(len(by_topic), longest).astype(np.int64)
        return View(
            allowed=allowed,
            barrier=np.where(allowed, np.float32(0), np.float32(-np.inf)),
            count=int(np.count_nonzero(allowed)),
            whole=topic is None,
            trending=_order(self.feature("post_like_rate_decayed"), allowed),
            fresh=_order(-age, allowed & (age <= self._fresh_days)),
            popular=_order(self.feature("post_likes"), allowed),
            topics=topics,
        )


def model_vectors(state: ServingState, arm: str) -> NDArray[np.float32]:
    """Lay posts out so that one product gives the factor model's log-odds: topic, quality, factors, (P, T + 1 + K).

    w b(u, topic(p)) + q_p + θ_u · f_p is the inner product of (w b(u), 1, θ_u) and (one-hot topic, q_p, f_p).
    """
    learned = state.post_factors[arm]
    topics = (state.posts.topic_rows[:, None] == np.arange(len(state.topics))).astype(np.float32)
    return np.hstack([topics, learned.quality[:, None], learned.factors])


def model_queries(audience: Audience, profile_weight: np.float32) -> NDArray[np.float32]:
    """Lay users out to be multiplied with `model_vectors`, (n, T + 1 + K)."""
    one = np.ones((len(audience), 1), np.float32)
    return np.concatenate([profile_weight * audience.prior, one, audience.factors], axis=1)


def _order(values: NDArray[np.float32], allowed: NDArray[np.bool_]) -> Rows:
    """Rows of the allowed posts by value, highest first; undefined values are left out."""
    rows = np.flatnonzero(allowed & (values > -np.inf))
    return best_of(values[rows], rows, len(rows))
