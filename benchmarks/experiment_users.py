"""Made-up users of an experiment: many come now and then, few all the time, and each likes in its own way.

Views a day are Poisson around a lognormal habit, so totals have a heavy tail; a view is liked with the user's own
probability. Two arms by a fair coin; the test arm may multiply the probability of a like.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.statistics.moments import Moments

HABIT_SPREAD = 1.0  # sigma of the logarithm of the views of a day
VIEWS_A_DAY = 4.0  # of the median user, on a day on which it comes
LIKING = (1.2, 8.8)  # beta: 12 % of views are liked
COMING = (1.0, 2.0)  # beta: a user comes on a third of the days
BEFORE_DAYS = 14
DRIFT = 0.5  # sigma of the logarithm by which the habit of the days before differs from that of the experiment

Totals = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Users:
    """Users and their habits; each array (n,)."""

    rng: np.random.Generator
    views: NDArray[np.float64]  # expected on a day on which the user comes
    liking: NDArray[np.float64]  # before the experiment
    coming: NDArray[np.float64]
    in_test: NDArray[np.bool_]
    lift: float  # relative, of the test arm's probability of a like

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int, lift: float = 0.0) -> "Users":
        views = VIEWS_A_DAY * rng.lognormal(0.0, HABIT_SPREAD, count)
        in_test = rng.random(count) < 0.5
        # a lifted probability must stay one: of a thousand users, none likes more than two thirds of what it sees
        liking = np.minimum(rng.beta(*LIKING, count), 1 / (1 + lift))
        return cls(rng, views, liking, rng.beta(*COMING, count), in_test, lift)

    @property
    def liking_now(self) -> NDArray[np.float64]:
        return self.liking * np.where(self.in_test, 1 + self.lift, 1.0)

    def at_the_end(self, days: int) -> Totals:
        """Totals of `days` days that all users were there for, and the likes before them. (n,) each"""
        shown = self.rng.poisson(self.views * self.rng.binomial(days, self.coming))
        return {"shown": shown, "liked": self.rng.binomial(shown, self.liking_now), "pre_likes": self._past()}

    def day_by_day(self, days: int, present_at_start: float) -> tuple[Totals, NDArray[np.bool_]]:
        """Totals up to the end of each day, (n, days) each, and who has been there by then; the rest have 0."""
        count, calendar = len(self.views), np.arange(days)
        early = self.rng.random(count) < present_at_start
        first = np.where(early, 0, self.rng.integers(0, days, count))[:, None]
        there = calendar >= first
        here = there & ((self.rng.random((count, days)) < self.coming[:, None]) | (calendar == first))
        who, when = np.nonzero(here)
        shown, liked = np.zeros((2, count, days))
        shown[who, when] = drawn = self.rng.poisson(self.views[who])
        liked[who, when] = self.rng.binomial(drawn, self.liking_now[who])
        totals = {"shown": shown.cumsum(axis=1), "liked": liked.cumsum(axis=1)}
        return totals | {"pre_likes": np.where(there, self._past()[:, None], 0.0)}, there

    def _past(self) -> NDArray[np.int64]:
        views = self.views * self.rng.lognormal(0.0, DRIFT, len(self.views))
        shown = self.rng.poisson(views * self.rng.binomial(BEFORE_DAYS, self.coming))
        return self.rng.binomial(shown, self.liking)


def arms_at_the_end(users: Users, totals: Totals) -> tuple[Moments, Moments]:
    """Moments of control and test."""
    control, test = (
        Moments.from_columns({name: of[arm] for name, of in _columns(totals).items()})
        for arm in (~users.in_test, users.in_test)
    )
    return control, test


def arms_day_by_day(users: Users, totals: Totals, there: NDArray[np.bool_]) -> Iterator[tuple[Moments, Moments]]:
    """The same for each day, over the users who have been there by then: (n, days) in, `days` pairs out."""
    columns = _columns(totals)
    control, test = (
        _moments(
            there[arm].sum(axis=0),
            {name: of[arm].sum(axis=0) for name, of in columns.items()},
            {(a, b): (columns[a][arm] * columns[b][arm]).sum(axis=0) for a, b in _pairs(columns)},
        )
        for arm in (~users.in_test, users.in_test)
    )
    return zip(control, test, strict=True)


def arms_of_splits(totals: Totals, splits: NDArray[np.bool_]) -> Iterator[tuple[Moments, Moments]]:
    """The same users split again and again, (splits, n) with True for the test arm: a pair a split."""
    columns = _columns(totals)
    for_each = np.stack([*columns.values(), *(columns[a] * columns[b] for a, b in _pairs(columns))], axis=1)
    control, test = (
        _moments(
            arm.sum(axis=1),
            dict(zip(columns, sums.T, strict=False)),
            dict(zip(_pairs(columns), sums.T[len(columns) :], strict=True)),
        )
        for arm in (~splits, splits)
        for sums in (arm.astype(np.float64) @ for_each.astype(np.float64),)
    )
    return zip(control, test, strict=True)


def _columns(totals: Totals) -> Totals:
    """In the order of the alphabet; what users like of what they are shown is all that they like here."""
    return dict(sorted({**totals, "likes": totals["liked"]}.items()))


def _pairs(columns: Totals) -> list[tuple[str, str]]:
    return list(combinations_with_replacement(columns, 2))


def _moments(
    counts: NDArray[np.int64], sums: Totals, products: Mapping[tuple[str, str], NDArray[Any]]
) -> list[Moments]:
    """Moments out of sums and sums of products, (k,) each."""
    means = {name: of / counts for name, of in sums.items()}
    spread = {(a, b): (of - counts * means[a] * means[b]) / (counts - 1) for (a, b), of in products.items()}
    return [
        Moments(
            int(count),
            {name: float(of[k]) for name, of in means.items()},
            {name: float(spread[name, name][k]) for name in means},
            {(a, b): float(of[k]) for (a, b), of in spread.items() if a < b},
        )
        for k, count in enumerate(counts)
    ]
