import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.statistics.sample_ratio import always_valid_sample_ratio, exact_sample_ratio, sample_ratio

EVEN = [0.5, 0.5]
CHECKS = [sample_ratio, always_valid_sample_ratio]


@pytest.mark.parametrize("check", CHECKS)
@settings(deadline=None)
@given(counts=st.lists(st.integers(0, 10_000), min_size=2, max_size=4).filter(any), factor=st.floats(0.1, 10))
def test_weights_are_shares_whatever_they_add_up_to(check, counts, factor):
    weights = [1.0] * len(counts)
    p = check(counts, weights)
    assert 0 <= p <= 1
    assert p == pytest.approx(check(counts, [factor] * len(counts)), rel=1e-6)
    assert p == pytest.approx(check(counts[::-1], weights), rel=1e-6)


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.05, 0.95))
def test_the_exact_test_adds_up_what_is_no_likelier(a, b, weight):
    n = a + b
    chance = np.array([math.comb(n, k) * weight**k * (1 - weight) ** (n - k) for k in range(n + 1)])
    theirs = chance[chance <= chance[a] * (1 + 1e-9)].sum()
    assert exact_sample_ratio([a, b], [weight, 1 - weight]) == pytest.approx(min(1, theirs), rel=1e-6)


def test_few_users_get_the_exact_test():
    assert sample_ratio([1, 5], EVEN) == exact_sample_ratio([1, 5], EVEN)
    assert sample_ratio([10, 20], EVEN) != exact_sample_ratio([10, 20], EVEN)


@pytest.mark.parametrize("check", CHECKS)
def test_without_users_nothing_is_known(check):
    assert math.isnan(check([0, 0], EVEN))
    assert math.isnan(check([7, 0], [1.0, 0.0]))


@pytest.mark.parametrize("check", CHECKS)
def test_a_user_in_an_arm_without_weight_is_a_fault(check):
    assert check([1_000, 1], [1.0, 0.0]) == 0


@pytest.mark.parametrize("check", CHECKS)
def test_an_arm_without_weight_or_users_is_no_arm(check):
    assert check([500, 600, 0], [0.5, 0.5, 0.0]) == check([500, 600], EVEN)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("weights", [[0.5], [0.0, 0.0]])
def test_weights_that_fit_nothing_are_refused(check, weights):
    with pytest.raises(ValueError, match="weights is"):
        check([1, 2], weights)


@pytest.mark.parametrize(("share", "users"), [(0.6, 1_000), (0.52, 20_000), (0.505, 400_000)])
def test_faults_are_found_large_ones_early_small_ones_late(share, users):
    assert always_valid_sample_ratio([round(share * users), round((1 - share) * users)], EVEN) < 0.001


def test_daily_looks_rarely_raise_a_false_alarm():
    days = np.random.default_rng(0).binomial(200, 0.5, (300, 30)).cumsum(axis=1)
    looks = [[always_valid_sample_ratio([a, 200 * d - a], EVEN) for d, a in enumerate(run, 1)] for run in days]
    assert (np.array(looks) < 0.05).any(axis=1).mean() < 0.05
