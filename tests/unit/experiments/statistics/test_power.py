import numpy as np
import pytest
import tea_tasting as tt
from tea_tasting.aggr import Aggregates

from experiments.statistics.effects import mean_effect
from experiments.statistics.figures import Formula, figure
from experiments.statistics.moments import Moments
from experiments.statistics.power import days_needed, users_needed
from experiments.statistics.sequences import always_valid

PAST = Moments(1_000, {"likes": 2.0}, {"likes": 9.0}, {})
LIKES = figure(PAST, Formula("likes"))


@pytest.mark.parametrize("mde", [0.02, 0.1])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.9])
def test_tea_tasting_asks_for_as_many_users(mde, power):
    metric = tt.Mean("likes", rel_effect_size=mde, power=power)
    data = Aggregates(count_=PAST.count, mean_=PAST.mean, var_=PAST.var, cov_={})
    (theirs,) = metric.solve_power_from_aggregates(data, "n_obs")
    # it uses Student's distribution: a few users more
    assert users_needed(LIKES, mde, power, looks=False) == pytest.approx(theirs.n_obs, rel=0.01, abs=5)


@pytest.mark.parametrize("looks", [False, True])
def test_so_many_users_find_the_effect_as_often_as_promised(looks):
    mde, rng = 0.2, np.random.default_rng(0)
    users = users_needed(LIKES, mde, looks=looks)
    half = users // 2
    found = 0
    means = rng.normal([2.0, 2.0 * (1 + mde)], 3.0 / np.sqrt(half), (2_000, 2))
    for control, test in means:
        arms = (Moments(half, {"likes": mean}, {"likes": 9.0}, {}) for mean in (control, test))
        effect = mean_effect(*arms, "likes")
        interval = always_valid(effect, 2 * half, tuning=users).difference if looks else effect.difference
        found += interval.low > 0
    assert found / len(means) == pytest.approx(0.8, abs=0.03)


def test_uneven_arms_need_more():
    even, uneven = users_needed(LIKES, 0.05), users_needed(LIKES, 0.05, share=0.1)
    assert uneven / even == pytest.approx((1 / 0.1 + 1 / 0.9) / 4, rel=1e-3)


def test_days_are_users_by_the_traffic():
    assert days_needed(LIKES, 1, 0.05) == -(-users_needed(LIKES, 0.05) // 1_000)
    assert days_needed(LIKES, 7, 0.05) == -(-7 * users_needed(LIKES, 0.05) // 1_000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"mde": 0}, "mde is 0"), ({"mde": 0.1, "power": 80}, "power is 80"), ({"mde": 0.1, "share": 1}, "share is 1")],
)
def test_plans_without_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        users_needed(LIKES, **arguments)


def test_a_metric_that_nobody_moved_cannot_be_planned():
    nothing = figure(Moments(10, {"likes": 0.0}, {"likes": 0.0}, {}), Formula("likes"))
    with pytest.raises(ValueError, match="the metric is 0"):
        users_needed(nothing, 0.1)
    with pytest.raises(ValueError, match="days is 0"):
        days_needed(LIKES, 0, 0.1)
