"""An evaluation with the values behind its means, to compare two contestants user by user."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ranking.evaluation import Evaluation
from ranking.intervals import bootstrap_means


class Difference(NamedTuple):
    """By how much one is better than the other, in the mean over users."""

    mean: float
    low: float  # ends of the 95 % interval; all NaN with fewer than two users to compare
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was measured of all contestants on the same n users. The values by user are not kept in a snapshot."""

    evaluation: Evaluation
    by_user: dict[str, dict[str, NDArray[np.float64]]]  # name -> metric -> (n,), NaN where undefined; {} if all is

    def difference(self, ours: str, theirs: str, metric: str, seed: int) -> Difference:
        """By how much `ours` is better than `theirs`; undefined if one of them was not measured."""
        one, other = (self.by_user.get(name, {}).get(metric) for name in (ours, theirs))
        if one is None or other is None:
            return Difference(np.nan, np.nan, np.nan)
        values = one - other  # (n,) NaN for a user without a relevant post
        low, high = bootstrap_means(values[:, None], seed)
        mean = float(np.nanmean(values)) if np.isfinite(low[0]) else np.nan
        return Difference(mean, float(low[0]), float(high[0]))
