"""Intervals that may be looked at every day: the asymptotic confidence sequence of an effect.

A fixed interval misses the truth with 5 % at the one moment it was planned for; whoever looks daily and stops when it
excludes zero errs far more often. A confidence sequence misses the truth *ever* with 5 %.

Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
sequences", arXiv 2103.06476v7, eq. 9 (interval), eq. 155 (p-value), eq. 161 (tuning), as GrowthBook uses them. Their
interval is the two-sided normal mixture of `boundaries` in units of the standard deviation, with users as its time:
rho of eq. 9 squared is 1 / rho of Howard et al., and eq. 161 is the same closed form as `best_rho`.
"""

import math
from dataclasses import dataclass

from experiments.statistics.boundaries import normal_bound, normal_log_mixture
from experiments.statistics.effects import UNKNOWN, Effect, Interval


@dataclass(frozen=True)
class Sequence:
    """What may be said of an effect at any look; `p_value` is that of the difference."""

    difference: Interval
    relative: Interval
    p_value: float


def always_valid(effect: Effect, count: int, level: float = 0.95, *, tuning: int) -> Sequence:
    """The confidence sequence of an effect at the look when `count` users of both arms have been seen.

    `tuning` is the number of users at which it is to be tightest: that of the plan. It must be fixed before the first
    look. What is NaN in the effect is NaN here, for the same reason.

    >>> from experiments.statistics.moments import Moments
    >>> from experiments.statistics.effects import mean_effect
    >>> control = Moments(100, {"likes": 2.0}, {"likes": 4.0}, {})
    >>> effect = mean_effect(control, Moments(100, {"likes": 3.0}, {"likes": 5.0}, {}), "likes")
    >>> looked = always_valid(effect, 200, tuning=200)
    >>> round(looked.difference.low, 4), round(looked.p_value, 4)
    (0.0894, 0.0215)
    """
    alpha = 1 - level
    return Sequence(
        sequence(effect.difference.value, effect.standard_error, count, tuning, alpha),
        sequence(effect.relative.value, effect.relative_error, count, tuning, alpha),
        sequence_p_value(effect.difference.value, effect.standard_error, count, tuning, alpha),
    )


def sequence(value: float, standard_error: float, count: int, tuning: int, alpha: float = 0.05) -> Interval:
    """Eq. 9: the interval of an estimate from `count` users.

    >>> round(sequence(0.5, 0.1, count=1_000, tuning=1_000).low, 3)
    0.196
    """
    if not standard_error > 0:  # NaN too
        return UNKNOWN
    half = standard_error * multiplier(count, tuning, alpha)
    return Interval(value, value - half, value + half)


def sequence_p_value(value: float, standard_error: float, count: int, tuning: int, alpha: float = 0.05) -> float:
    """Eq. 155: how surprising the estimate is at any look, if there is nothing to estimate. NaN where undefined.

    >>> round(sequence_p_value(0.5, 0.1, count=1_000, tuning=1_000), 6)
    4.5e-05
    """
    if not standard_error > 0:
        return math.nan
    s = value / standard_error * math.sqrt(count)  # the sum, in standard deviations
    return min(1.0, math.exp(-float(normal_log_mixture(s, count, tuning, alpha))))


def multiplier(count: int, tuning: int, alpha: float = 0.05) -> float:
    """How many standard errors the interval reaches, where a fixed one of 95 % reaches 1.96; least near `tuning`.

    >>> [round(multiplier(count, tuning=10_000), 2) for count in (100, 1_000, 10_000, 100_000)]
    [9.08, 3.86, 3.04, 3.24]
    """
    return float(normal_bound(count, alpha, tuning, alpha)) / math.sqrt(count)
