"""Who has been shown an arm keeps it through any change of weights, until somebody moves everybody on purpose."""

from datetime import datetime, timedelta

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.columns import CONTROL, INTERLEAVED, TEST
from experiments.assignment import Assignment, assign, assign_many
from experiments.members import Members
from experiments.plan import Plan
from tests.unit.experiments.plans import START, plan

IDS = np.arange(-50, 250)
HOUR = timedelta(hours=1)


def shown(rows: list[tuple[int, str, datetime]], salt: str) -> duckdb.DuckDBPyConnection:
    """A snapshot that knows who was last shown which arm."""
    con = duckdb.connect()
    con.execute("CREATE TABLE shown_arm (salt VARCHAR, user_id BIGINT, arm VARCHAR, shown_at TIMESTAMP)")
    for user_id, arm, at in rows:
        con.execute("INSERT INTO shown_arm VALUES (?, ?, ?, ?)", [salt, user_id, arm, at])
    return con


def members(of: Plan, arms: dict[int, str], at: datetime = START) -> Members:
    with shown([(user_id, arm, at) for user_id, arm in arms.items()], of.salt) as con:
        return Members.read(con, of)


def arms_of(of: Plan, known: Members | None) -> dict[int, Assignment]:
    """By user, one by one and all at once, which must agree."""
    places, counted = assign_many(of, IDS, known)
    together = [Assignment(of.arms[arm], bool(counts)) for arm, counts in zip(places, counted, strict=True)]
    assert together == [assign(of, user_id, known) for user_id in IDS.tolist()]
    return dict(zip(IDS.tolist(), together, strict=True))


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10), st.booleans(), st.sets(st.sampled_from(IDS.tolist())))),
    st.sampled_from([0.3, 1.0]),
    st.sampled_from([None, {"id": "screen", "start": 0.25, "end": 0.75}]),
)
def test_no_member_moves_unless_moved_and_all_others_follow_the_newest_weights(changes, coverage, namespace):
    of, now = plan(coverage=coverage, namespace=namespace, forced={7: TEST}), START
    last: dict[int, tuple[str, datetime]] = {}
    for share, wider, move, visitors in changes:
        now += HOUR
        weights = {CONTROL: share / 10, TEST: 1 - share / 10}
        of = of.reweigh(weights, move_at=now if move else None).cover(max(of.coverage, wider / 10))
        with shown([(user_id, *known) for user_id, known in last.items()], of.salt) as con:
            found = arms_of(of, Members.read(con, of))
        by_hash = arms_of(of, None)
        keep = {} if move else {user: arm for user, (arm, at) in last.items() if at >= max(of.moves, default=START)}
        assert {user: found[user] for user in keep} == {user: Assignment(arm, True) for user, arm in keep.items()}
        assert all(found[user] == by_hash[user] for user in found.keys() - keep.keys())
        last |= {user: (found[user].arm, now) for user in visitors if found[user].counted}


def test_a_member_is_told_from_those_who_share_no_more_than_a_neighbouring_id():
    of = plan(weights={CONTROL: 1, TEST: 0})
    found = arms_of(of, members(of, {-50: TEST, 3: TEST, 249: TEST}))
    assert [user for user, one in found.items() if one.arm == TEST] == [-50, 3, 249]


def test_members_of_another_experiment_or_of_interleaved_lists_keep_nothing():
    of = plan(weights={CONTROL: 1, TEST: 0})
    everybody = members(of, dict.fromkeys(IDS.tolist(), TEST))
    assert {one.arm for one in arms_of(of, everybody).values()} == {TEST}
    assert arms_of(replace(of, salt="another"), everybody) == arms_of(replace(of, salt="another"), None)
    assert arms_of(of, members(of, {3: INTERLEAVED})) == arms_of(of, None)


def test_a_snapshot_of_before_there_was_such_a_table_knows_nobody():
    with duckdb.connect() as con:
        assert arms_of(plan(), Members.read(con, plan())) == arms_of(plan(), None)


def test_the_end_and_a_testers_arm_hold_for_members_too():
    of = plan(forced={3: CONTROL})
    known = members(of, {3: TEST, 4: TEST})
    assert arms_of(of, known)[3] == Assignment(CONTROL, counted=False)
    assert set(arms_of(of.ship(CONTROL, START + HOUR), known).values()) == {Assignment(CONTROL, counted=False)}


def test_who_was_in_a_version_that_is_not_taken_any_more_is_left_out():
    before = plan(weights={CONTROL: 0, TEST: 1})
    moved = before.reweigh({CONTROL: 0, TEST: 1}, move_at=START + HOUR)
    of = replace(moved, min_bucket_version=1)
    with shown([(3, TEST, START), (4, TEST, START + HOUR)], of.salt) as con:
        found = arms_of(of, Members.read(con, of))
    assert [user for user, one in found.items() if not one.counted] == [3]
    assert found[3].arm == CONTROL


def test_members_known_before_a_move_keep_nothing_after_it():
    """A service that reads of a move has members that a snapshot of before told it of."""
    of = plan(weights={CONTROL: 1, TEST: 0})
    known = members(of, {3: TEST})
    after = of.reweigh(of.weights, move_at=START + HOUR)
    assert after.bucket_version == 1
    assert arms_of(after, known)[3].arm == CONTROL
    assert arms_of(of.reweigh({CONTROL: 0.9, TEST: 0.1}), known)[3].arm == TEST


@pytest.mark.parametrize("version", [-1, 1])
def test_no_version_is_asked_for_that_is_not(version):
    with pytest.raises(Exception, match="min_bucket_version"):
        replace(plan(), min_bucket_version=version)
