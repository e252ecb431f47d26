"""What the picks of several rankings are worth in a simulated network, where the true probability of a like is known.

The worth of a ranking is the mean true probability of each user's top five, as a share of the way from posts at random
(0) to the five that are truly best (1). Rankings meet the same users, so two of them are compared by the difference of
their shares over the same resamples of users.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.columns import ARMS
from ranking.recommender import Recommender
from ranking.top_k import top_k
from simulation.truth import Truth

Scorer = Callable[[NDArray[np.int64]], NDArray[np.floating]]
"""Scores of all posts for some rows of users: (n,) -> (n, P), or (1, P) where all users get the same."""

TOP = 5
ORACLE = "oracle"
RESAMPLES = 1_000
# users ranked at once: a score matrix of 1,000 users and 2,000 posts is 8 MB of float32
CHUNK_USERS = 1_000
# users judged, drawn at random where there are more: enough for intervals of a percent
MOST_USERS = 8_000
# resampled users counted at once: 16 MB
CELLS = 2_000_000


@dataclass(frozen=True)
class Estimate:
    """A figure with the 95 % interval over resampled users."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"[{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of one world: how much better than posts at random each ranking's top five are."""

    names: tuple[str, ...]
    gains: NDArray[np.float64]  # (U, rankings) mean true probability of a user's picks less that of posts at random

    def share(self, name: str) -> Estimate:
        """How far `name` comes from random to the oracle."""
        return self._estimate(self._of(name))

    def difference(self, better: str, worse: str) -> Estimate:
        """The share of `better` less that of `worse`, user by user."""
        return self._estimate(self._of(better) - self._of(worse))

    def _of(self, name: str) -> NDArray[np.float64]:
        return self._shares[:, self.names.index(name)]

    def _estimate(self, figure: NDArray[np.float64]) -> Estimate:
        low, high = np.quantile(figure[1:], [0.025, 0.975])
        return Estimate(float(figure[0]), float(low), float(high))

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        """Shares over all users, in row 0, and over each resample of them. (1 + RESAMPLES, rankings)"""
        users, rng = len(self.gains), np.random.default_rng(0)
        totals = [self.gains.sum(axis=0, keepdims=True)]
        step = max(1, CELLS // users)
        for start in range(0, RESAMPLES, step):
            times = rng.multinomial(users, np.full(users, 1 / users), size=min(step, RESAMPLES - start))
            totals.append(times @ self.gains)
        total: NDArray[np.float64] = np.concatenate(totals)
        return total / total[:, [self.names.index(ORACLE)]]


def worth(truth: NDArray[np.float32], picks: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean true probability, given as (n, P), of each user's picks, (n, k) columns: (n,)."""
    mean: NDArray[np.float64] = np.take_along_axis(truth, picks, axis=1).mean(axis=1, dtype=np.float64)
    return mean


def judge(recommender: Recommender, scorers: Mapping[str, Scorer], truth: Truth, when: datetime) -> Outcome:
    """Let both arms and every scorer pick for up to `MOST_USERS` users, and look up what the picks are worth."""
    state = recommender.state
    names = (*ARMS, *scorers, ORACLE)
    judged = np.sort(np.random.default_rng(0).permutation(len(state.user_ids))[:MOST_USERS])
    gains = np.empty((len(judged), len(names)))
    for start in range(0, len(gains), CHUNK_USERS):
        users = judged[start : start + CHUNK_USERS]
        probability = truth.like_probability(users, np.arange(len(state.post_ids)), when)  # (n, P)
        excluded = recommender.already_liked(users) | ~state.eligible
        at_random = probability.mean(axis=1, where=~excluded, dtype=np.float64)
        picks = [recommender.rank(arm, users, when, TOP).posts for arm in ARMS]
        scores = [*(score(users) for score in scorers.values()), probability]
        picks += [top_k(np.where(excluded, -np.inf, of_posts), TOP) for of_posts in scores]
        for column, of_ranking in enumerate(picks):
            gains[start : start + len(users), column] = worth(probability, of_ranking) - at_random
    return Outcome(names, gains)
