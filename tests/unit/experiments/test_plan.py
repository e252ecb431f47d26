"""What may become of a plan, and what may not."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from core.columns import CONTROL, TEST
from core.errors import ExperimentError
from experiments.plan import Plan, moved
from tests.unit.experiments.plans import START, plan

LATER = START + timedelta(days=9)


def test_a_plan_survives_json_to_the_last_bit():
    full = plan(forced={7: TEST}, namespace={"id": "n", "start": 0.1, "end": 0.3}, coverage=1 / 3, design="interleaved")
    assert full.runs
    for one in (full, full.stop(LATER), full.ship(TEST, LATER)):
        assert msgspec.json.decode(msgspec.json.encode(one), type=Plan) == one


def test_a_changed_plan_forgets_what_followed_from_the_one_before():
    before = plan(coverage=0)
    assert before.arm_of_bucket.max() == -1
    assert before.cover(1).arm_of_bucket.min() == 0


def test_weights_move_as_many_as_their_ranges_say():
    half = plan()
    fifth = half.reweigh({CONTROL: 0.2, TEST: 0.8})
    assert moved(half, fifth) == pytest.approx(0.3)
    assert moved(half, replace(half, coverage=0.5)) == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda: plan().reweigh({CONTROL: 0.9, TEST: 0.3}), "add up to 1.2"),
        (lambda: plan().reweigh({CONTROL: 1.2, TEST: -0.2}), "from 0 to 1"),
        (lambda: plan().reweigh({CONTROL: 1.0}), "control, test, and each needs one"),
        (lambda: replace(plan(), forced={7: "third"}), "'third'.* cannot be shown"),
        (lambda: plan().cover(0.5), "only grow"),
        (lambda: plan(coverage=0.5).cover(2), "coverage 2"),
        (lambda: plan().ship("third", LATER), "its arms are control, test"),
        (lambda: plan().ship(TEST, LATER).ship(TEST, LATER), "already"),
        (lambda: plan().stop(LATER).stop(LATER), "2026-01-10 12:00 UTC and cannot be stopped"),
        (lambda: plan().stop(LATER).cover(1), "cannot be widened"),
        (lambda: plan().stop(LATER).reweigh({CONTROL: 0.5, TEST: 0.5}), "cannot be given other weights"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(change, told):
    with pytest.raises(ExperimentError, match=told):
        change()


def test_an_arm_may_be_shipped_after_the_end_which_stays_where_it_was():
    shipped = plan().stop(LATER).ship(TEST, LATER + timedelta(days=1))
    assert (shipped.ended_at, shipped.shipped) == (LATER, TEST)
