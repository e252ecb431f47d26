import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from experiments.statistics.moments import Moments

totals = st.integers(0, 12).flatmap(
    lambda n: hnp.arrays(np.float64, (3, n), elements=st.integers(-1000, 1000).map(float))
)


def moments(values) -> Moments:
    return Moments.from_columns(dict(zip(("a", "b", "pre_a"), values, strict=True)))


def same(ours: Moments, theirs: Moments) -> None:
    assert ours.count == theirs.count
    for part in ("mean", "var", "cov"):
        assert getattr(ours, part) == pytest.approx(getattr(theirs, part), rel=1e-9, abs=1e-6, nan_ok=True)


@settings(deadline=None)
@given(totals, totals)
def test_merged_moments_are_those_of_all_users(first, second):
    same(moments(first) + moments(second), moments(np.hstack([first, second])))


@settings(deadline=None)
@given(totals.filter(lambda values: values.shape[1] > 1))
def test_moments_are_those_of_numpy(values):
    ours, theirs = moments(values), np.cov(values)
    assert [ours.mean["a"], ours.var["b"]] == pytest.approx([values[0].mean(), theirs[1, 1]], abs=1e-9)
    assert ours.covariance("pre_a", "b") == ours.covariance("b", "pre_a") == pytest.approx(theirs[1, 2], abs=1e-6)


def test_a_row_of_sql_is_the_same_arm():
    arm = moments(np.arange(12.0).reshape(3, 4) ** 2)
    row = {"day": "2026-01-01", "arm": "test", "users": arm.count}
    row |= {f"mean_{a}": value for a, value in arm.mean.items()} | {f"var_{a}": value for a, value in arm.var.items()}
    row |= {f"cov_{a}_{b}": value for (a, b), value in arm.cov.items()}
    assert Moments.from_row(row) == arm


def test_one_user_has_no_variance():
    row = {"users": 1, "mean_a": 3.0, "var_a": None}
    assert math.isnan(Moments.from_row(row).var["a"])
    both = Moments.from_row(row) + Moments.from_row({"users": 1, "mean_a": 5.0, "var_a": None})
    assert (both.mean["a"], both.var["a"]) == (4.0, 2.0)
