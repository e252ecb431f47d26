import math

import numpy as np
import pytest
import tea_tasting as tt
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tea_tasting.aggr import Aggregates

from experiments.statistics.effects import Effect, mean_effect, paired_effect, ratio_effect
from experiments.statistics.figures import Formula, adjusted, correlation, figure
from experiments.statistics.moments import Moments

seeds = st.integers(0, 2**32 - 1)


def arms(seed: int, users: int = 60) -> tuple[Moments, Moments]:
    """Two arms whose users show heavy tails, habits of their own and a past."""
    rng = np.random.default_rng(seed)
    habit = rng.beta(2, 8, 2 * users)
    shown = 1 + rng.negative_binomial(1, 0.05, 2 * users)
    columns = {"shown": shown, "liked": rng.binomial(shown, habit) + 1, "pre_likes": rng.poisson(40 * habit) + 1}
    halves = slice(0, users), slice(users, None)
    control, test = (Moments.from_columns({name: of[half] for name, of in columns.items()}) for half in halves)
    return control, test


def aggregates(arm: Moments) -> Aggregates:
    return Aggregates(count_=arm.count, mean_=arm.mean, var_=arm.var, cov_=arm.cov)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda c, t: mean_effect(c, t, "liked"), tt.Mean("liked")),
        (
            lambda c, t: mean_effect(c, t, "liked", "pre_likes", 0.9),
            tt.Mean("liked", "pre_likes", confidence_level=0.9),
        ),
        (lambda c, t: ratio_effect(c, t, "liked", "shown"), tt.RatioOfMeans("liked", "shown")),
        (
            lambda c, t: ratio_effect(c, t, "liked", "shown", "pre_likes"),
            tt.RatioOfMeans("liked", "shown", "pre_likes"),
        ),
    ],
)
@settings(deadline=None)
@given(seed=seeds)
def test_tea_tasting_finds_the_same(ours, theirs, seed):
    control, test = arms(seed)
    effect, result = ours(control, test), theirs.analyze_aggregates(aggregates(control), aggregates(test))
    interval, log = effect.difference, effect.log_relative
    assert [effect.control, effect.test, effect.p_value] == pytest.approx(
        [result.control, result.treatment, result.pvalue], rel=1e-9
    )
    assert [interval.value, interval.low, interval.high, log.value, log.low, log.high] == pytest.approx(
        [
            result.effect_size,
            result.effect_size_ci_lower,
            result.effect_size_ci_upper,
            result.rel_effect_size,
            result.rel_effect_size_ci_lower,
            result.rel_effect_size_ci_upper,
        ],
        abs=1e-9,
    )


def scaled(arm: Moments, name: str, factor: float, shift: float = 0.0) -> Moments:
    times = {other: factor if other == name else 1.0 for other in arm.mean}
    return Moments(
        arm.count,
        {a: value * times[a] + (shift if a == name else 0.0) for a, value in arm.mean.items()},
        {a: value * times[a] ** 2 for a, value in arm.var.items()},
        {(a, b): value * times[a] * times[b] for (a, b), value in arm.cov.items()},
    )


@settings(deadline=None)
@given(seeds, st.floats(0.01, 100))
def test_relative_effects_do_not_know_the_unit(seed, factor):
    control, test = arms(seed)
    before = ratio_effect(control, test, "liked", "shown", "pre_likes")
    after = ratio_effect(*(scaled(arm, "liked", factor) for arm in (control, test)), "liked", "shown", "pre_likes")
    assert [after.relative.low, after.relative.high, after.log_relative.high, after.p_value] == pytest.approx(
        [before.relative.low, before.relative.high, before.log_relative.high, before.p_value]
    )
    assert after.difference.high == pytest.approx(before.difference.high * factor)


@settings(deadline=None)
@given(seeds, st.floats(-100, 100), st.floats(0.01, 100))
def test_the_difference_knows_neither_the_level_nor_the_unit_of_the_past(seed, shift, factor):
    control, test = arms(seed)
    before = mean_effect(control, test, "liked", "pre_likes")
    moved = (scaled(scaled(arm, "pre_likes", factor, shift), "liked", 1.0, shift) for arm in (control, test))
    after = mean_effect(*moved, "liked", "pre_likes")
    assert (after.difference.low, after.difference.high) == pytest.approx(
        (before.difference.low, before.difference.high)
    )


@settings(deadline=None)
@given(seeds)
def test_swapped_arms_have_the_opposite_difference(seed):
    control, test = arms(seed)
    there, back = (ratio_effect(*pair, "liked", "shown") for pair in ((control, test), (test, control)))
    assert there.difference.low == pytest.approx(-back.difference.high)
    assert there.p_value == pytest.approx(back.p_value)
    assert 1 + there.log_relative.low == pytest.approx(1 / (1 + back.log_relative.high))


@settings(deadline=None)
@given(seeds)
def test_a_ratio_to_ones_is_a_mean(seed):
    control, test = (scaled(arm, "shown", 0.0, 1.0) for arm in arms(seed))
    ratio, mean = ratio_effect(control, test, "liked", "shown"), mean_effect(control, test, "liked")
    assert ratio.difference.high == pytest.approx(mean.difference.high)
    assert ratio.relative.high == pytest.approx(mean.relative.high)


@settings(deadline=None)
@given(seeds)
def test_cuped_leaves_one_minus_the_squared_correlation(seed):
    arm, _ = arms(seed)
    formula, past = Formula("liked", "shown"), Formula("pre_likes")
    # the same arm twice: both arms as one have the arm's correlation
    left, _ = adjusted(arm, arm, formula, past)
    share = 1 - correlation(arm, formula, past) ** 2
    # θ is that of both arms as one, with one user less to divide by: the same for both of its parts
    assert left.variance == pytest.approx(share * figure(arm, formula).variance)


def test_a_past_that_does_not_vary_changes_nothing():
    control, test = (scaled(arm, "pre_likes", 0.0) for arm in arms(1))
    assert mean_effect(control, test, "liked", "pre_likes") == mean_effect(control, test, "liked")


@settings(deadline=None)
@given(seeds)
def test_pairs_are_the_t_test_of_the_users_differences(seed):
    rng = np.random.default_rng(seed)
    control = 1.0 + rng.poisson(3, 50)
    test = control + rng.normal(0.2, 1, 50)
    assume(test.mean() > 0)
    paired = paired_effect(Moments.from_columns({"control": control, "test": test}), "control", "test")
    d = test - control
    assert paired.difference.value == pytest.approx(d.mean())
    assert paired.standard_error == pytest.approx(d.std(ddof=1) / math.sqrt(50))
    assert paired.relative.value == pytest.approx(d.mean() / control.mean())
    # by the delta method: contributions of users to the quotient
    r = test.mean() / control.mean()
    assert paired.relative_error == pytest.approx((test - r * control).std(ddof=1) / math.sqrt(50) / control.mean())


def likes(count: int, mean: float, var: float, shown: float = 10.0) -> Moments:
    return Moments(count, {"liked": mean, "shown": shown}, {"liked": var, "shown": 0.0}, {("liked", "shown"): 0.0})


@pytest.mark.parametrize(
    ("control", "test", "reason"),
    [
        (likes(1, 2.0, math.nan), likes(9, 3.0, 1.0), "the control arm has 1"),
        (likes(9, 2.0, 1.0), likes(0, math.nan, math.nan), "the test arm has 0"),
        (likes(9, 2.0, 1.0), likes(9, 0.0, 0.0, shown=0.0), "test arm has nothing to divide by"),
        (likes(9, 2.0, 0.0), likes(9, 3.0, 0.0), "do not vary"),
        (likes(9, 2.0, 1.0), likes(9, 3.0, math.nan), "not a number"),
    ],
)
def test_what_cannot_be_known_is_nan_with_a_reason(control, test, reason):
    effect = ratio_effect(control, test, "liked", "shown")
    assert reason in effect.reason
    for interval in (effect.difference, effect.relative, effect.log_relative):
        assert all(map(math.isnan, (interval.value, interval.low, interval.high)))
    assert math.isnan(effect.p_value)
    assert math.isnan(effect.standard_error)


def partly_known(control: Moments, test: Moments) -> Effect:
    effect = mean_effect(control, test, "liked")
    assert effect.difference.low < effect.difference.value < effect.difference.high
    assert math.isnan(effect.log_relative.value)
    return effect


def test_a_control_without_likes_leaves_the_difference():
    effect = partly_known(likes(9, 0.0, 0.0), likes(9, 3.0, 1.0))
    assert math.isnan(effect.relative.low)
    assert "control arm's value is 0" in effect.reason


def test_a_test_arm_without_likes_leaves_the_difference_and_minus_all_of_it():
    effect = partly_known(likes(9, 2.0, 1.0), likes(9, 0.0, 0.0))
    assert effect.relative.value == -1
    assert "no logarithm" in effect.reason


def test_a_level_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"level is 95"):
        mean_effect(likes(9, 2.0, 1.0), likes(9, 3.0, 1.0), "liked", level=95)
