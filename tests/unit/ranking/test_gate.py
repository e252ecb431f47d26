"""Verdicts over metrics made up: margins, what cannot be told, and what is undefined."""

import numpy as np
import pytest

from core.settings import GateSettings
from ranking.baselines import BASELINES
from ranking.comparison import Comparison
from ranking.evaluate import STANDING, undefined_evaluation
from ranking.gate import (
    GATE_SCHEMA,
    Verdict,
    beats_random,
    check_drift,
    check_nulls,
    compare_rankers,
    gone_features,
)

SETTINGS = GateSettings(metric="user_auc", margin=0.02)
NOTHING = Comparison(undefined_evaluation("the history is too short"), {})


def measured(users=2_000, noise=0.1, **better_by):
    """Arms whose metric is that of random, 0.5 and noise, plus what is given; a tenth of the users has no value."""
    arms = [*STANDING, *STANDING.values(), *BASELINES]
    noises = np.random.default_rng(0).normal(0.5, noise, (users, len(arms)))
    noises[::10] = np.nan
    metrics = {arm: {"user_auc": values + better_by.get(arm, 0)} for arm, values in zip(arms, noises.T, strict=True)}
    return Comparison(NOTHING.evaluation, metrics)


GOOD = {"control": 0.1, "test": 0.1, "standing_control": 0.1, "standing_test": 0.1}


def verdict(comparison, *, stands=True, proven=True, no_standing=None):
    checks = compare_rankers(comparison, SETTINGS, stands=stands, proven=proven, seed=0, no_standing=no_standing)
    return Verdict(tuple(checks))


def failed(given):
    return [check.check for check in given.checks if not check.passed]


def test_a_pair_as_good_as_the_standing_one_and_better_than_the_popular_posts_passes():
    good = verdict(measured(**GOOD))
    assert good.promoted
    assert good.reasons == []
    assert len(good.checks) == 2 * (1 + len(BASELINES))  # an arm against the standing one and each baseline
    assert good.table.schema == GATE_SCHEMA


@pytest.mark.parametrize(
    ("change", "loser"),
    [
        ({"test": 0.05}, "user_auc of test over standing_test, low end"),
        ({"popular": 0.2}, "user_auc of control over popular, low end"),
        ({"decayed_popular": 0.2}, "user_auc of test over decayed_popular, low end"),
        ({"random": 0.1}, "user_auc of test over random, low end"),
    ],
)
def test_losing_to_one_rival_in_one_arm_is_enough(change, loser):
    bad = verdict(measured(**{**GOOD, **change}))
    assert loser in failed(bad)
    assert any(reason.startswith(loser) for reason in bad.reasons)


def test_a_loss_within_the_margin_is_none():
    within = verdict(measured(noise=0.02, **{**GOOD, "control": 0.085, "test": 0.085}))
    assert within.promoted
    assert not verdict(measured(noise=0.02, **{**GOOD, "control": 0.075, "test": 0.075})).promoted


def test_the_first_pair_must_beat_random_and_nothing_else():
    assert verdict(measured(test=0.1, control=0.1, popular=0.3), stands=False, proven=False).promoted
    shuffled = verdict(measured(), stands=False, proven=False)
    assert failed(shuffled) == ["user_auc of control over random, low end", "user_auc of test over random, low end"]
    assert not beats_random(measured(control=0.1), SETTINGS, seed=0)
    assert beats_random(measured(control=0.1, test=0.1), SETTINGS, seed=0)


@pytest.mark.parametrize("proven", [True, False])
def test_too_few_users_to_tell_is_told_and_does_not_replace_what_works(proven):
    few = verdict(measured(users=20, noise=0.2, **GOOD), proven=proven)
    assert few.promoted is not proven
    assert any("too few users to tell" in reason for reason in few.reasons)
    assert not verdict(measured(users=20, noise=0.2, **GOOD, popular=0.9), proven=proven).promoted


@pytest.mark.parametrize("proven", [True, False])
def test_undefined_is_never_silent(proven):
    nothing = verdict(NOTHING, proven=proven)
    assert nothing.promoted is not proven
    assert len(nothing.reasons) == len(nothing.checks) == 2 * (1 + len(BASELINES))
    assert all("the history is too short" in reason for reason in nothing.reasons)
    assert nothing.table["value"].is_nan().all()


def test_a_standing_pair_that_cannot_be_asked_is_named():
    comparison = measured(**GOOD)
    for arm in STANDING.values():
        del comparison.by_user[arm]
    told = verdict(comparison, no_standing="another transformer")
    assert [reason.partition("undefined: ")[2] for reason in told.reasons] == ["another transformer"] * 2


def test_nulls_may_be_as_many_as_the_limit_or_as_the_standing_pair_was_trained_with():
    settings = GateSettings(max_null_share=0.9)
    missing = {"age": 0.9, "city": 0.91, "os": 1.0, "empty": float("nan")}
    checks = check_nulls(missing, {"os": 1.0, "city": 0.1}, settings, proven=True)
    assert {check.check.split()[-1]: check.passed for check in checks} == {
        "age": True,
        "city": False,
        "os": True,
        "empty": False,
    }
    assert "0.9100 is over 0.9" in str(checks[1].reason)


def test_drift_is_bounded_and_undefined_drift_told():
    age, city, os = check_drift({"age": 0.25, "city": 0.26, "os": float("nan")}, GateSettings(), proven=False)
    assert (age.passed, city.passed, os.passed) == (True, False, True)
    assert os.reason
    assert "PSI of city: 0.2600 is over 0.25" in str(city.reason)


def test_a_feature_that_is_gone_fails_and_what_failed_is_told_first():
    gone = gone_features({"profile_age", "topic"}, {"topic", "profile_new"})
    assert [check.check for check in gone] == ["profile_age exists"]
    told = Verdict((*check_drift({"os": float("nan")}, GateSettings(), proven=False), *gone))
    assert told.reasons[0].startswith("profile_age is gone")
    assert not told.promoted
