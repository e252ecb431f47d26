"""Confidence intervals of means and ratios over users, by resampling the users."""

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
CONFIDENCE = 0.95
# resampled users counted at once: 16 MB of float64
CELLS = 2_000_000


def bootstrap_means(values: NDArray[np.float64], seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile intervals of the mean of each column of `values` (n, M), as low (M,) and high (M,).

    A row is a user and a column a metric of an arm; NaN leaves the user out of that column. All columns see the same
    resamples, and users are drawn whole, because the rows of one user are not independent. A column with fewer than
    two defined users has no interval: NaN.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.

    >>> low, high = bootstrap_means(np.array([[0.5], [0.5], [np.nan]]), seed=0)
    >>> low.tolist(), high.tolist()
    ([0.5], [0.5])
    """
    defined = ~np.isnan(values)
    return bootstrap_ratios(np.where(defined, values, 0.0), defined.astype(np.float64), seed)


def bootstrap_ratios(
    numerators: NDArray[np.float64], denominators: NDArray[np.float64], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile intervals of Σ numerators / Σ denominators, column by column of (n, M), as low (M,) and high (M,).

    A user whose denominator is 0 is not part of that column; otherwise as `bootstrap_means`.

    >>> low, high = bootstrap_ratios(np.array([[1.0], [2.0], [0.0]]), np.array([[2.0], [4.0], [0.0]]), seed=0)
    >>> low.tolist(), high.tolist()
    ([0.5], [0.5])
    """
    n, columns = numerators.shape
    low, high = np.full((2, columns), np.nan)
    measurable = np.flatnonzero(np.count_nonzero(denominators > 0, axis=0) >= 2)
    if measurable.size == 0:
        return low, high
    sums, counts = numerators[:, measurable], denominators[:, measurable]
    generator = np.random.default_rng(seed)
    means = np.empty((RESAMPLES, measurable.size))
    step = max(1, CELLS // n)
    for start in range(0, RESAMPLES, step):
        size = min(step, RESAMPLES - start)
        drawn = generator.integers(n, size=(size, n)) + np.arange(size)[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
        taken = times @ counts
        # a resample without any defined user says nothing about the mean
        means[start : start + size] = np.divide(times @ sums, taken, out=np.full_like(taken, np.nan), where=taken > 0)
    tail = (1 - CONFIDENCE) / 2
    low[measurable], high[measurable] = np.nanquantile(means, [tail, 1 - tail], axis=0)
    return low, high
