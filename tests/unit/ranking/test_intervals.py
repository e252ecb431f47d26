import numpy as np
import pytest

from ranking import intervals
from ranking.intervals import bootstrap_means


def test_the_interval_of_a_mean_is_that_of_the_normal_approximation():
    values = np.random.default_rng(0).normal(10, 2, size=(2_000, 1))
    low, high = bootstrap_means(values, seed=1)
    error = values.std() / np.sqrt(2_000)
    assert low == pytest.approx(values.mean(axis=0) - 1.96 * error, abs=0.02)
    assert high == pytest.approx(values.mean(axis=0) + 1.96 * error, abs=0.02)


def test_users_without_a_value_count_for_nothing():
    values = np.random.default_rng(0).random((500, 1))
    padded = np.vstack([values, np.full((500, 1), np.nan)])
    low, high = bootstrap_means(padded, seed=1)
    assert np.hstack([low, high]) == pytest.approx(np.hstack(bootstrap_means(values, seed=1)), abs=0.01)


def test_equal_columns_share_their_resamples_and_a_seed_repeats_them():
    values = np.random.default_rng(0).random((50, 1))
    both, once, other = (
        np.array(bootstrap_means(v, s)) for v, s in [(np.hstack([values] * 2), 1), (values, 1), (values, 2)]
    )
    assert both == pytest.approx(np.hstack([once, once]), rel=1e-12)
    assert abs(other - once).min() > 1e-6


@pytest.mark.parametrize("values", [np.zeros((0, 1)), np.full((3, 1), np.nan), np.array([[1.0], [np.nan]])])
def test_fewer_than_two_users_have_no_interval(values):
    assert np.isnan(bootstrap_means(values, seed=0)).all()


def test_chunks_are_resamples_too(monkeypatch):
    values = np.random.default_rng(0).random((50, 1))
    monkeypatch.setattr(intervals, "CELLS", 1)
    low, high = bootstrap_means(values, seed=1)
    assert low < values.mean() < high
