r"""The true probability of every like, kept so that rankers and experiments can be judged against it.

A view at moment t by user u of post p that the user has not liked before is liked with probability

    sigmoid( bias + b_u + A[u, topic(p)] + x_u(t) · m_p + q_p + v_p(week(t)) + H[hour(t), topic(p)] )

- `bias`: the same for all; set so that the wanted share of views is liked on average
- `b_u ~ N(0, user_strength²)`: some people like everything
- `A[u, k]`: affinity to topic k, standard deviation `topic_strength`; in part a function of the profile, which holds
  gender, age, their product, city, country, os and source, in part personal (`simulation.tastes`)
- `m_p`: the post's meaning, its shares of twelve themes that cut across the topics, centred and scaled
- `x_u(t) = text_strength · (cos(w d) y_u + sin(w d) z_u)` with y_u, z_u ~ N(0, I), d the days since the start and
  w = drift · π/2 / days: a taste that turns slowly from y_u towards z_u and keeps its strength
- `q_p ~ N(0, quality_strength²)`: some posts are just better
- `v_p(j) ~ N(0, weekly_strength²)`: drawn anew for each week j of seven days, counted from the start of the world; the
  week in which the world ends goes on after it, one more is drawn, and that one's draw holds for ever after
- `H[h, k]`: a daily wave of standard deviation `hour_strength`, with another peak for each topic; hours in UTC

All terms are stored with their strengths multiplied in, that is, in logits.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from simulation.settings import utc

_FILE = "truth.npz"
_MICROSECONDS_PER_DAY = 86_400_000_000
_WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True, eq=False)
class Truth:
    """Parameters of the model above. Rows of users and posts are in ascending order of id."""

    bias: float
    turn_per_day: float  # w, radians
    starts_at: np.datetime64  # UTC, as all times
    hour_effect: NDArray[np.float32]  # (24, topics)
    user_ids: NDArray[np.int64]  # (U,)
    joined_at: NDArray[np.datetime64]  # (U,)
    daily_views: NDArray[np.float64]  # (U,) expected number of views a day once joined
    user_bias: NDArray[np.float32]  # (U,)
    affinity: NDArray[np.float32]  # (U, topics)
    taste_start: NDArray[np.float32]  # (U, themes) y_u
    taste_end: NDArray[np.float32]  # (U, themes) z_u
    post_ids: NDArray[np.int64]  # (P,)
    published_at: NDArray[np.datetime64]  # (P,) ascending
    topic: NDArray[np.int64]  # (P,) index into `simulation.lexicon_topics.TOPIC_NAMES`
    meaning: NDArray[np.float32]  # (P, themes)
    quality: NDArray[np.float32]  # (P,)
    weekly: NDArray[np.float32]  # (weeks, P) v_p(j)

    def like_probability(
        self, user_rows: NDArray[np.int64], post_rows: NDArray[np.int64], when: datetime
    ) -> NDArray[np.float32]:
        """Probability that each user likes each post when seeing it at `when`. (len(user_rows), len(post_rows))"""
        moment = utc(when)
        turn, topic = self._turn(moment), self.topic[post_rows]
        taste = np.cos(turn) * self.taste_start[user_rows] + np.sin(turn) * self.taste_end[user_rows]
        logit = taste @ self.meaning[post_rows].T
        logit += self.affinity[user_rows][:, topic]
        logit += self.user_bias[user_rows, None]
        logit += self.post_effect(post_rows, moment)
        return self._sigmoid(logit)

    def like_probability_of_views(
        self, user_rows: NDArray[np.int64], post_rows: NDArray[np.int64], times: NDArray[np.datetime64]
    ) -> NDArray[np.float32]:
        """Probability that view i, of one user and one post at its own moment, is liked. All arguments (n,)."""
        turn, topic = self._turn(times), self.topic[post_rows]
        meaning = self.meaning[post_rows]
        logit = np.cos(turn) * np.einsum("ij,ij->i", self.taste_start[user_rows], meaning)
        logit += np.sin(turn) * np.einsum("ij,ij->i", self.taste_end[user_rows], meaning)
        logit += self.affinity[user_rows, topic]
        logit += self.user_bias[user_rows]
        logit += self.post_effect(post_rows, times)
        return self._sigmoid(logit)

    def post_effect(self, post_rows: NDArray[np.int64], times: Any) -> NDArray[np.float32]:
        """What all users share at one moment or at one for each post, in logits: quality, hour and week. (n,)"""
        week = ((times - self.starts_at) // _WEEK).clip(0, len(self.weekly) - 1)
        effect: NDArray[np.float32] = self.quality[post_rows] + self.hour_effect[_hour(times), self.topic[post_rows]]
        effect += self.weekly[week, post_rows]
        return effect

    def user_rows(self, user_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of users by id; -1 for an id that nobody has."""
        return _rows(self.user_ids, user_ids)

    def post_rows(self, post_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of posts by id; -1 for an id that no post has."""
        return _rows(self.post_ids, post_ids)

    def published(self, when: datetime) -> NDArray[np.bool_]:
        """Which posts exist at `when`. (P,)"""
        return self.published_at <= utc(when)

    def save(self, folder: Path) -> None:
        """Write everything to `folder`, as plain arrays without pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(folder / _FILE, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; probabilities come out the same to the last bit."""
        with np.load(folder / _FILE, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name][()] for name in arrays.files})  # [()] makes a 0-d array a scalar

    def _turn(self, times: Any) -> Any:
        """Angle of the tastes at one moment or many, in radians, float32."""
        days = (times - self.starts_at).astype("timedelta64[us]").astype(np.float64) / _MICROSECONDS_PER_DAY
        return (self.turn_per_day * days).astype(np.float32)

    def _sigmoid(self, logit: NDArray[np.float32]) -> NDArray[np.float32]:
        odds: NDArray[np.float32] = np.exp(-logit - np.float32(self.bias))
        return np.float32(1) / (np.float32(1) + odds)


def _hour(times: Any) -> Any:
    return times.astype("datetime64[h]").astype(np.int64) % 24


def _rows(sorted_ids: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    rows = np.searchsorted(sorted_ids, ids).clip(max=len(sorted_ids) - 1)
    return np.where(sorted_ids[rows] == ids, rows, -1)
