"""tea-tasting's results for the 400 users of a simulated shop, to 1e-9."""

import pytest

from experiments.statistics.effects import mean_effect, ratio_effect
from experiments.statistics.sample_ratio import exact_sample_ratio

from . import vectors


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("mean_orders_welch", lambda c, t: mean_effect(c, t, "orders")),
        ("mean_orders_cuped", lambda c, t: mean_effect(c, t, "orders", covariate="orders_covariate")),
        ("ratio_orders_per_session", lambda c, t: ratio_effect(c, t, "orders", "sessions")),
        (
            "ratio_orders_per_session_cuped",
            lambda c, t: ratio_effect(c, t, "orders", "sessions", "orders_covariate", "sessions_covariate"),
        ),
    ],
)
def test_effects(shared, name, effect):
    ours = effect(*vectors.users_400(shared))
    assert {
        "control": ours.control,
        "treatment": ours.test,
        "effect_size": ours.difference.value,
        "effect_size_ci_lower": ours.difference.low,
        "effect_size_ci_upper": ours.difference.high,
        "rel_effect_size": ours.log_relative.value,
        "rel_effect_size_ci_lower": ours.log_relative.low,
        "rel_effect_size_ci_upper": ours.log_relative.high,
        "pvalue": ours.p_value,
        "statistic": ours.difference.value / ours.standard_error,
    } == pytest.approx(vectors.load(shared, "tea_tasting_results.json")["results"][name], abs=1e-9, rel=0)


def test_sample_ratio(shared):
    control, test = vectors.users_400(shared)
    theirs = vectors.load(shared, "tea_tasting_results.json")["results"]["sample_ratio"]
    assert (control.count, test.count) == (theirs["control"], theirs["treatment"])
    assert exact_sample_ratio([control.count, test.count], [0.5, 0.5]) == pytest.approx(theirs["pvalue"], abs=1e-9)
