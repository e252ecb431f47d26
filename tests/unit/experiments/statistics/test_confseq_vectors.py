"""Howard et al.'s confseq: its unit tests, to their 1e-5, and its sequence for a treatment effect."""

import numpy as np
import polars as pl
import pytest

from experiments.statistics import boundaries

from . import vectors

THEIR_TOLERANCE = 1e-5


@pytest.fixture
def cases(shared):
    return vectors.load(shared, "confseq_cases.json")


@pytest.mark.parametrize(
    ("family", "what", "ours"),
    [
        ("normal_two_sided", "best_rho", boundaries.best_rho),
        ("normal_two_sided", "log_mixture", boundaries.normal_log_mixture),
        ("normal_two_sided", "mixture_bound", boundaries.normal_bound),
        ("normal_one_sided", "log_mixture", boundaries.one_sided_normal_log_mixture),
        ("normal_one_sided", "mixture_bound", boundaries.one_sided_normal_bound),
        ("gamma_exponential", "log_mixture", boundaries.gamma_exponential_log_mixture),
        ("gamma_exponential", "mixture_bound", boundaries.gamma_exponential_bound),
    ],
)
def test_mixtures(cases, family, what, ours):
    case = dict(cases[family][what])
    expected = case.pop("expect")
    assert ours(**case) == pytest.approx(expected, abs=THEIR_TOLERANCE, rel=0)


def test_poly_stitching_bound(cases):
    case = dict(cases["poly_stitching_bound"])
    expected = case.pop("expect")
    assert boundaries.poly_stitching_bound(**case) == pytest.approx(expected, abs=THEIR_TOLERANCE, rel=0)


@pytest.mark.parametrize("number", range(5))
def test_bernoulli_ci(cases, number):
    case = dict(cases["bernoulli_ci"][number])
    expected = case.pop("expect")
    assert boundaries.bernoulli_interval(**case) == pytest.approx(expected, abs=THEIR_TOLERANCE, rel=0)


def test_ate_data(shared):
    """Corollary 2 of the paper by our bounds: predictions are the means so far, the arm is drawn with probability ½."""
    data = pl.read_csv(shared / "vectors" / "ate_data.csv")
    t, y, z = (data[name].to_numpy().astype(float) for name in ("t", "y", "treatment"))
    seen = {arm: np.cumsum(z == arm) for arm in (0, 1)}
    means = {arm: np.cumsum(y * (z == arm)) / np.maximum(1, seen[arm]) for arm in (0, 1)}
    predicted = {arm: np.concatenate([[0.5], means[arm][:-1]]) for arm in (0, 1)}
    expected = predicted[1] - predicted[0]
    x = expected + (z - 0.5) / 0.25 * (y - np.where(z == 1, predicted[1], predicted[0]))
    s, v = np.cumsum(x), np.cumsum((x - expected) ** 2)
    tuned = {"v_opt": 50 * 0.16 * 4, "c": 4.0, "alpha_opt": 0.025}
    p = np.minimum(1, np.exp(-boundaries.gamma_exponential_log_mixture(s, v, **tuned)))
    radius = boundaries.gamma_exponential_bound(v, 0.025, **tuned) / t
    assert s / t == pytest.approx(data["point_estimate"].to_numpy(), abs=1e-9)
    assert p == pytest.approx(data["p_value"].to_numpy(), abs=1e-9)
    assert np.minimum(1, s / t + radius) == pytest.approx(data["upper_confidence_bound"].to_numpy(), abs=1e-9)
    assert np.maximum(-1, s / t - radius) == pytest.approx(data["lower_confidence_bound"].to_numpy(), abs=1e-9)
