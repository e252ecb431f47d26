"""How long until it is decided: the first day on which the sequence would exclude zero, and no day before."""

from dataclasses import replace
from math import sqrt

import pytest

from experiments.horizon import days_more
from experiments.statistics.effects import Effect, mean_effect
from experiments.statistics.moments import Moments
from experiments.statistics.sequences import always_valid


def observed(difference: float) -> Effect:
    control = Moments(500, {"likes": 2.0}, {"likes": 4.0}, {})
    return mean_effect(control, Moments(500, {"likes": 2 + difference}, {"likes": 4.0}, {}), "likes")


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("difference", [0.3, -0.3, 0.2])
def test_the_day_found_is_the_first_that_decides(difference: float, *, relative: bool) -> None:
    effect = observed(difference)
    more = days_more(effect, 1_000, 10, 0.95, 1_000, 365, relative=relative)
    assert more is not None
    assert not excludes_zero(effect, more - 1, relative=relative)
    assert excludes_zero(effect, more, relative=relative)


def test_a_difference_near_zero_takes_too_long() -> None:
    assert days_more(observed(0.001), 1_000, 10, 0.95, 1_000, 365, relative=True) is None


def excludes_zero(effect: Effect, more: int, *, relative: bool) -> bool:
    grown = sqrt((10 + more) / 10)
    errors = {"standard_error": effect.standard_error / grown, "relative_error": effect.relative_error / grown}
    looked = always_valid(replace(effect, **errors), round(1_000 * grown**2), 0.95, tuning=1_000)
    interval = looked.relative if relative else looked.difference
    return interval.low > 0 or interval.high < 0
