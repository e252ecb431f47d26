import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from experiments.statistics.boundaries import best_rho, gamma_exponential_bound, normal_bound, one_sided_normal_bound
from experiments.statistics.effects import mean_effect
from experiments.statistics.moments import Moments
from experiments.statistics.sequences import always_valid, multiplier, sequence, sequence_p_value


def arm(count: int, mean: float) -> Moments:
    return Moments(count, {"likes": mean}, {"likes": 4.0}, {})


@settings(deadline=None)
@given(
    st.integers(20, 10_000), st.integers(20, 10_000), st.floats(0.5, 5), st.integers(40, 10**6), st.floats(0.5, 0.999)
)
def test_a_sequence_is_wider_than_the_interval_of_one_look(control, test, mean, tuning, level):
    effect = mean_effect(arm(control, 2.0), arm(test, mean), "likes", level=level)
    looked = always_valid(effect, control + test, level, tuning=tuning)
    assert looked.p_value >= 2 * ndtr(-abs(effect.difference.value) / effect.standard_error)
    for fixed, ours in ((effect.difference, looked.difference), (effect.relative, looked.relative)):
        assert ours.low <= fixed.low < ours.value == fixed.value < fixed.high <= ours.high


@settings(deadline=None)
@given(st.floats(-5, 5), st.integers(2, 10**6), st.integers(2, 10**6), st.floats(0.001, 0.5))
def test_it_excludes_zero_when_its_p_value_is_below_alpha(z, count, tuning, alpha):
    interval, p = sequence(z, 1.0, count, tuning, alpha), sequence_p_value(z, 1.0, count, tuning, alpha)
    if abs(p - alpha) > 1e-9:
        assert (interval.low > 0 or interval.high < 0) == (p < alpha)


def test_it_is_tightest_near_the_planned_number():
    reach = [multiplier(count, tuning=10_000) for count in (100, 1_000, 9_000, 100_000, 10_000_000)]
    assert min(reach) == reach[2] == pytest.approx(3.04, abs=0.01)


@settings(deadline=None)
@given(st.integers(1, 10**7), st.integers(1, 10**7), st.floats(0.001, 0.5))
def test_it_is_equation_9_of_its_paper(count, tuning, alpha):
    rho = math.sqrt((-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuning)  # eq. 161
    t = count * rho**2 + 1
    theirs = math.sqrt(2 * t / (count * rho) ** 2 * math.log(math.sqrt(t) / alpha)) * math.sqrt(count)
    assert multiplier(count, tuning, alpha) == pytest.approx(theirs)


def test_what_is_unknown_of_the_effect_is_unknown_of_the_sequence():
    looked = always_valid(mean_effect(arm(1, 2.0), arm(9, 2.0), "likes"), 10, tuning=100)
    assert all(map(math.isnan, (looked.difference.value, looked.difference.low, looked.relative.high, looked.p_value)))


@pytest.mark.parametrize(
    ("bound", "sides"),
    [
        (lambda v: normal_bound(v, 0.05, v_opt=200), 2),
        (lambda v: one_sided_normal_bound(v, 0.05, v_opt=200), 1),
        (lambda v: gamma_exponential_bound(v, 0.05, v_opt=200, c=1.0), 1),
    ],
)
def test_few_random_walks_ever_cross_a_bound_and_some_do(bound, sides):
    steps = np.arange(1, 2_001)
    walks = np.random.default_rng(0).choice([-1.0, 1.0], (2_000, len(steps))).cumsum(axis=1)
    crossed = ((np.abs(walks) if sides == 2 else walks) >= bound(steps)).any(axis=1).mean()
    assert 0.005 < crossed < 0.05


def test_alpha_is_a_probability():
    with pytest.raises(ValueError, match="alpha is 5"):
        best_rho(100, 5)
