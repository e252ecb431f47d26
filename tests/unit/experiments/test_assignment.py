import doctest
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.columns import ARMS, CONTROL, TEST
from core.settings import ExperimentSettings
from experiments import assignment
from experiments.assignment import assign, assign_many, bucket, bucket_ranges, choose

INT64 = st.integers(-(2**63), 2**63 - 1)


@pytest.fixture(scope="session")
def cases(shared: Path) -> dict:
    return json.loads((shared / "vectors/growthbook_assignment.json").read_text())


def test_examples_in_docstrings_hold():
    result = doctest.testmod(assignment)
    assert result.attempted > 0
    assert result.failed == 0


def test_known_buckets():
    assert bucket("seed", "b") == 0.2696
    assert bucket("foo", "def") == 0.2019
    assert bucket("90850943850283058242805", "123") == 0.7516


def test_known_ranges_and_choices():
    assert bucket_ranges(3, 0.2, [0.2, 0.3, 0.5]) == pytest.approx(np.array([(0, 0.04), (0.2, 0.26), (0.5, 0.6)]))
    assert bucket_ranges(2, weights=[0.7, 0.6]) == [(0, 0.5), (0.5, 1)]
    assert choose([(0, 0.5), (0.5, 0.5), (0.5, 1)], 0.5) == 2


def test_every_bucket_of_the_reference(cases):
    checked = [bucket(seed, value) == expected for seed, value, version, expected in cases["hash"] if version == 2]
    assert len(checked) == 7
    assert all(checked)


def test_every_range_of_the_reference(cases):
    for name, (arms, coverage, weights), expected in cases["getBucketRange"]:
        assert np.array(bucket_ranges(arms, coverage, weights)) == pytest.approx(np.array(expected), abs=1e-9), name


def test_every_choice_of_the_reference(cases):
    for name, n, ranges, expected in cases["chooseVariation"]:
        assert choose(ranges, n) == expected, name


@settings(deadline=None)
@given(st.lists(INT64, max_size=50), st.text(min_size=1), st.integers(0, 10))
def test_many_users_at_once_get_the_arms_they_get_one_by_one(user_ids, salt, tenths):
    experiment = ExperimentSettings(salt=salt, weights={CONTROL: 1 - tenths / 10, TEST: tenths / 10})
    arms = assign_many(experiment, np.array(user_ids, np.int64))
    assert [ARMS[arm] for arm in arms] == [assign(experiment, user_id) for user_id in user_ids]


def test_ids_at_the_edges_of_int64_and_around_powers_of_ten():
    edges = [0, 9, 10, 99, 100, 10**18 - 1, 10**18, 2**63 - 1, -1, -10, -(2**63)]
    arms = assign_many(ExperimentSettings(), np.array(edges, np.int64))
    assert [ARMS[arm] for arm in arms] == [assign(ExperimentSettings(), user_id) for user_id in edges]


def test_the_order_of_weights_in_the_settings_moves_nobody():
    one = ExperimentSettings(weights={CONTROL: 0.3, TEST: 0.7})
    other = ExperimentSettings(weights={TEST: 0.7, CONTROL: 0.3})
    user_ids = np.arange(1_000)
    assert np.array_equal(assign_many(one, user_ids), assign_many(other, user_ids))


def test_arms_get_the_share_of_users_that_their_weights_say():
    arms = assign_many(ExperimentSettings(weights={CONTROL: 0.2, TEST: 0.8}), np.arange(100_000))
    assert np.bincount(arms, minlength=2) / 100_000 == pytest.approx([0.2, 0.8], abs=0.005)


def test_another_salt_deals_the_users_anew():
    user_ids = np.arange(100_000)
    one, other = (assign_many(ExperimentSettings(salt=salt), user_ids) for salt in ("first", "second"))
    assert np.mean(one == other) == pytest.approx(0.5, abs=0.01)
