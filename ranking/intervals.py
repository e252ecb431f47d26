"""Confidence intervals of means over users, by resampling the users."""

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
    n, columns = values.shape
    low, high = np.full((2, columns), np.nan)
    defined = ~np.isnan(values)
    measurable = np.flatnonzero(defined.sum(axis=0) >= 2)
    if measurable.size == 0:
        return low, high
    sums = np.where(defined, values, 0.0)[:, measurable]
    counts = defined[:, measurable].astype(np.float64)
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
