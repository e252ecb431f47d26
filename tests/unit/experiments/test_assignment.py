"""Who is in which arm: the same one by one and all at once, and as the plan says."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.columns import CONTROL, TEST
from experiments.assignment import Assignment, assign, assign_many
from experiments.plan import Plan
from tests.unit.experiments.plans import START, plan

INT64 = st.integers(-(2**63), 2**63 - 1)
ALL = np.arange(100_000)


def both_ways(of: Plan, ids: list[int]) -> tuple[list[Assignment], list[Assignment]]:
    arms, counted = assign_many(of, np.array(ids, np.int64))
    together = [Assignment(of.arms[arm], bool(counts)) for arm, counts in zip(arms, counted, strict=True)]
    return [assign(of, user_id) for user_id in ids], together


@settings(deadline=None, max_examples=50)
@given(
    st.lists(INT64, max_size=50),
    st.text(min_size=1),
    st.lists(st.integers(1, 9), min_size=2, max_size=5),
    st.integers(0, 10),
    st.sampled_from([None, {"id": "screen", "start": 0.25, "end": 0.75}]),
)
def test_many_users_at_once_get_the_arms_they_get_one_by_one(user_ids, salt, parts, tenths, namespace):
    forced = dict.fromkeys(user_ids[:2], TEST)
    of = plan(salt=salt, coverage=tenths / 10, namespace=namespace, forced=forced)
    names = [CONTROL, TEST, "third", "a fourth", "0"]
    of = replace(of, weights={name: part / sum(parts) for name, part in zip(names, parts, strict=False)})
    one_by_one, together = both_ways(of, user_ids)
    assert one_by_one == together


def test_ids_at_the_edges_of_int64_and_around_powers_of_ten():
    edges = [0, 9, 10, 99, 100, 10**9, 10**10, 10**18 - 1, 10**18, 2**63 - 1, -1, -10, -(2**63)]
    one_by_one, together = both_ways(plan(), edges)
    assert one_by_one == together
    for edge in edges:  # alone, without others of another length
        assert both_ways(plan(), [edge])[1] == [assign(plan(), edge)]


def test_an_arm_that_clients_in_the_field_rely_on():
    assert assign(plan(salt="text-embeddings-1"), 200) == (TEST, True)


def test_the_order_of_weights_in_the_settings_moves_nobody():
    one = plan(weights={CONTROL: 0.3, TEST: 0.7})
    other = plan(weights={TEST: 0.7, CONTROL: 0.3})
    assert np.array_equal(assign_many(one, ALL)[0], assign_many(other, ALL)[0])


def test_several_arms_get_the_shares_of_users_that_their_weights_say():
    of = replace(plan(), weights={CONTROL: 0.2, TEST: 0.5, "third": 0.3})
    assert np.bincount(assign_many(of, ALL)[0]) / len(ALL) == pytest.approx([0.2, 0.5, 0.3], abs=0.005)


def test_another_salt_deals_the_users_anew():
    one, other = (assign_many(plan(salt=salt), ALL)[0] for salt in ("first", "second"))
    assert np.mean(one == other) == pytest.approx(0.5, abs=0.01)


def test_a_growing_coverage_takes_users_in_and_moves_nobody():
    before = counted = np.full(len(ALL), -1, np.int8), np.zeros(len(ALL), np.bool_)
    for coverage in (0, 0.05, 0.3, 1):
        arms, counted = assign_many(plan(coverage=coverage, weights={CONTROL: 0.3, TEST: 0.7}), ALL)
        assert counted.mean() == pytest.approx(coverage, abs=0.005)
        assert not arms[~counted].any()  # control
        assert counted[before[1]].all()
        assert np.array_equal(arms[before[1]], before[0][before[1]])
        before = arms, counted


def test_namespaces_that_do_not_meet_share_no_user_and_leave_nobody_out():
    lower, upper = (
        assign_many(plan(salt=str(end), namespace={"id": "feed", "start": start, "end": end}), ALL)[1]
        for start, end in ((0, 0.4), (0.4, 1))
    )
    assert np.array_equal(lower, ~upper)
    assert lower.mean() == pytest.approx(0.4, abs=0.01)
    within = assign_many(plan(salt="0.4", namespace={"id": "feed", "start": 0, "end": 0.4}), ALL)[0][lower]
    assert within.mean() == pytest.approx(0.5, abs=0.01)  # the namespace's hash says nothing about the arm


def test_testers_see_their_arm_and_are_not_counted():
    of = plan(forced={"7": TEST, 8: CONTROL}, coverage=0)
    assert [assign(of, user_id) for user_id in (7, 8, 9)] == [(TEST, False), (CONTROL, False), (CONTROL, False)]


def test_after_the_end_everybody_gets_what_was_shipped_or_control():
    later = START + timedelta(days=9)
    stopped = plan(forced={7: TEST}).stop(later)
    for ended, arm in ((stopped, CONTROL), (stopped.ship(TEST, later), TEST), (plan().ship(TEST, later), TEST)):
        one_by_one, together = both_ways(ended, [7, 8, 9])
        assert one_by_one == together == [Assignment(arm, counted=False)] * 3
