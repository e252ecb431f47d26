"""Sufficient statistics of one arm: users, and the means, variances and covariances of their totals."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Moments:
    """What is known of an arm. Variances and covariances are those of a sample (divided by users - 1).

    `cov` is keyed by two names in alphabetical order. Below two users variances are NaN.

    >>> arm = Moments.from_columns({"likes": np.array([1.0, 3.0]), "shown": np.array([10.0, 20.0])})
    >>> arm.count, arm.mean["likes"], arm.var["likes"], arm.covariance("shown", "likes")
    (2, 2.0, 2.0, 10.0)
    """

    count: int
    mean: Mapping[str, float]
    var: Mapping[str, float]
    cov: Mapping[tuple[str, str], float]

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """A row with `users`, and `mean_<a>`, `var_<a>` and `cov_<a>_<b>` of its names; NULL is NaN.

        >>> Moments.from_row({"users": 9, "mean_a": 1.0, "mean_b": 2.0, "var_a": 3.0, "var_b": 4.0, "cov_a_b": 0.5}).cov
        {('a', 'b'): 0.5}
        """
        names = sorted(column.removeprefix("mean_") for column in row if column.startswith("mean_"))
        return cls(
            int(row["users"]),
            {name: _number(row[f"mean_{name}"]) for name in names},
            {name: _number(row[f"var_{name}"]) for name in names},
            {(a, b): _number(row[f"cov_{a}_{b}"]) for a, b in combinations(names, 2)},
        )

    @classmethod
    def from_columns(cls, columns: Mapping[str, NDArray[Any]]) -> Self:
        """Moments of users whose totals are given, one array (n,) a name."""
        names = sorted(columns)
        values = np.array([columns[name] for name in names], np.float64)  # (names, n)
        count = values.shape[1]
        mean = values.mean(axis=1) if count else np.full(len(names), np.nan)
        centred = values - mean[:, None]
        products = centred @ centred.T / (count - 1) if count > 1 else np.full((len(names), len(names)), np.nan)
        return cls(
            count,
            {name: float(mean[i]) for i, name in enumerate(names)},
            {name: float(products[i, i]) for i, name in enumerate(names)},
            {(a, b): float(products[i, j]) for (i, a), (j, b) in combinations(enumerate(names), 2)},
        )

    def covariance(self, a: str, b: str) -> float:
        """Covariance of two names in any order; the variance where they are the same."""
        if a == b:
            return self.var[a]
        return self.cov[(a, b) if a < b else (b, a)]

    def __add__(self, other: "Moments") -> "Moments":
        """Moments of the users of both, who must be different users.

        Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances",
        1979, eq. 2.1, and its like for products.
        """
        if self.count == 0 or other.count == 0:
            return other if self.count == 0 else self
        count = self.count + other.count
        share = other.count / count
        step = {name: other.mean[name] - self.mean[name] for name in self.mean}

        def pooled(ours: float, theirs: float, steps: float) -> float:
            within = _sum(ours, self.count) + _sum(theirs, other.count)
            return (within + steps * self.count * share) / (count - 1)

        return Moments(
            count,
            {name: self.mean[name] + step[name] * share for name in self.mean},
            {name: pooled(self.var[name], other.var[name], step[name] ** 2) for name in self.var},
            {(a, b): pooled(self.cov[a, b], other.cov[a, b], step[a] * step[b]) for a, b in self.cov},
        )


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _sum(variance: float, count: int) -> float:
    """Sum of squared distances from the mean: 0 for one user, whose variance is unknown."""
    return variance * (count - 1) if count > 1 else 0.0
