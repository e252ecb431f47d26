"""Before the start: how many users, and how many days, an experiment needs to see an effect worth seeing."""

import math

from scipy.special import ndtri

from experiments.statistics.figures import Figure
from experiments.statistics.sequences import multiplier


def users_needed(
    metric: Figure,
    mde: float,
    power: float = 0.8,
    level: float = 0.95,
    share: float = 0.5,
    looks: bool = True,
) -> int:
    """Users of both arms together with which a relative effect of `mde` is found with probability `power`.

    `metric` is the figure in the past, and `share` the test arm's part of the users. With `looks` the confidence
    sequence has to exclude zero when that many users have been seen (it may well do so before); without, the interval
    of the one look at the end: n = (z_(1+level)/2 + z_power)² variance (1 / share + 1 / (1 - share)) / (mde value)².

    Source: van Belle, "Statistical rules of thumb", 2nd edition, chapter 2; for looks the multiplier of the sequence
    in place of z. Two-sided, by the normal distribution.

    >>> coin = Figure(1_000, value=0.1, variance=0.09, observed=0.1)
    >>> users_needed(coin, mde=0.1, looks=False), users_needed(coin, mde=0.1)
    (28256, 54108)
    """
    for name, value in (("mde", abs(mde)), ("power", power), ("level", level), ("share", share)):
        if not 0 < value < (math.inf if name == "mde" else 1):
            raise ValueError(f"{name} is {value}; it must be above 0" + ("" if name == "mde" else " and below 1"))
    if not (metric.value != 0 and metric.variance > 0):
        raise ValueError(f"the metric is {metric.value} with variance {metric.variance}; neither may be 0 or unknown")
    # the sequence is tightest at the number it is tuned for, and there its reach does not depend on the number
    reach = multiplier(1, 1, 1 - level) if looks else float(ndtri((1 + level) / 2))
    errors = reach + float(ndtri(power))
    return math.ceil(errors**2 * metric.variance * (1 / share + 1 / (1 - share)) / (mde * metric.value) ** 2)


def days_needed(
    metric: Figure,
    days: float,
    mde: float,
    power: float = 0.8,
    level: float = 0.95,
    share: float = 0.5,
    looks: bool = True,
) -> int:
    """Days until `users_needed` are there, or the same users have been seen so much more often.

    `metric` is the figure over `days` days of the traffic that the experiment gets. What is known of the metric is
    taken to grow in proportion to the days; where the same users come back with habits of their own it grows slower.

    >>> coin = Figure(4_000, value=0.1, variance=0.09, observed=0.1)
    >>> days_needed(coin, days=1, mde=0.1, looks=False)
    8
    """
    if not (days > 0 and metric.count > 0):
        raise ValueError(f"days is {days} and the users in them {metric.count}; both must be above 0")
    return math.ceil(days * users_needed(metric, mde, power, level, share, looks) / metric.count)
