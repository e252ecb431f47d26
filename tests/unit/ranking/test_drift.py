"""PSI and the distributions it compares, against figures worked out by hand."""

from math import log

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.drift import DISTRIBUTION_SCHEMA, FLOOR, distribution, drift, is_compared, psi

ages = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6, width=32)), min_size=1, max_size=80)


def test_psi_is_that_of_a_hand_computation():
    expected, actual = np.array([0.1, 0.4, 0.5]), np.array([0.2, 0.4, 0.4])
    by_hand = (0.2 - 0.1) * log(0.2 / 0.1) + 0 + (0.4 - 0.5) * log(0.4 / 0.5)
    assert psi(expected, actual) == pytest.approx(by_hand) == pytest.approx(0.09163, abs=1e-5)
    assert psi(actual, expected) == pytest.approx(by_hand)  # it has no direction


def test_an_empty_bin_counts_as_the_floor_and_no_rows_are_undefined():
    half = (0.5 - FLOOR) * log(0.5 / FLOOR)
    assert psi(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == pytest.approx(half + 0.5 * log(2))
    trained = distribution("age", pl.Series([1.0, 2.0]))
    assert np.isnan(drift(pl.Series([], dtype=pl.Float64), trained))


@given(ages)
def test_what_has_not_changed_has_not_drifted(values):
    series = pl.Series(values, dtype=pl.Float64)
    trained = distribution("age", series)
    assert trained.schema == DISTRIBUTION_SCHEMA
    assert trained["share"].sum() == pytest.approx(1)
    assert trained.filter("missing")["share"].item() == pytest.approx(series.null_count() / len(series))
    assert drift(series.reverse(), trained) == pytest.approx(0)


def test_numbers_that_move_a_little_have_not_drifted_and_half_gone_have():
    rates = pl.Series(np.random.default_rng(0).choice([0.1, 0.12, 0.15, 0.3], 1000))
    trained = distribution("rate", rates)
    assert drift(rates + 0.005, trained) == pytest.approx(0)  # four topics, each a bin of its own
    assert drift(rates + 0.1, trained) > 1
    gone = pl.Series([None if i % 2 else rate for i, rate in enumerate(rates)])
    assert drift(gone, trained) > 1


def test_text_is_compared_by_value_and_new_values_are_the_rest():
    trained = distribution("os", pl.Series(["Android"] * 60 + ["iOS"] * 40))
    assert trained["category"].to_list() == ["Android", "iOS", None, None]
    swapped = (0.4 - 0.6) * log(0.4 / 0.6) + (0.6 - 0.4) * log(0.6 / 0.4)
    assert drift(pl.Series(["iOS"] * 6 + ["Android"] * 4), trained) == pytest.approx(swapped)
    assert drift(pl.Series(["Harmony"] * 10), trained) > 5
    assert drift(pl.Series([1.0] * 10), trained) > 5  # numbers by now


def test_text_where_numbers_were_is_missing():
    trained = distribution("age", pl.Series([18.0, 20.0, 30.0]))
    assert drift(pl.Series(["young", "old"]), trained) > 5


def test_a_feature_without_any_value_has_one_bin_and_notices_the_first_values():
    trained = distribution("age", pl.Series([None, None], dtype=pl.Float64))
    assert trained["share"].to_list() == [0, 1]
    assert drift(pl.Series([None, 4.0]), trained) > 1


def test_what_moves_on_the_soundest_of_networks_is_not_compared():
    assert not any(map(is_compared, ["user_days_known", "post_views", "topic_like_rate", "text_control"]))
    assert all(map(is_compared, ["profile_age", "topic", "user_views_7d", "post_like_rate"]))
