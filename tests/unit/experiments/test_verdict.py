"""What a person is told to do, case by case."""

import math
from dataclasses import replace

import pytest

from experiments.verdict import ArmHealth, Evidence, judge

SOUND = ArmHealth(users=5_000, seen=0.6, latency=0.012, fallbacks=0.02)
# after two weeks test is ahead, and nothing is wrong
WON = Evidence(
    days=14,
    arms={"control": SOUND, "test": SOUND},
    crossed=3,
    sample_ratio=0.4,
    low=0.001,
    high=0.009,
    told="test changes the like rate by +5.0% (+1.0% to +9.0%)",
    days_more=None,
)
OPEN = replace(WON, low=-0.002, high=0.006, told="test changes the like rate by +2.0% (-2.0% to +6.0%)", days_more=12)


def with_test(**changes: float) -> Evidence:
    return replace(WON, arms={"control": SOUND, "test": replace(SOUND, **changes)})


def test_the_better_arm_is_kept() -> None:
    won = judge(WON)
    assert (won.decision, won.days_more) == ("keep test", None)
    assert won.sentence == "Keep test: test changes the like rate by +5.0% (+1.0% to +9.0%)."
    assert "above zero" in won.reasons[0]
    lost = judge(replace(WON, low=-0.009, high=-0.001))
    assert lost.decision == "keep control"
    assert "below zero" in lost.reasons[0]


def test_bounds_that_touch_zero_decide_nothing() -> None:
    assert judge(replace(WON, low=0.0)).decision == "not yet"
    assert judge(replace(WON, low=-0.009, high=0.0)).decision == "not yet"


def test_an_open_question_says_how_long_it_takes() -> None:
    found = judge(OPEN)
    assert (found.decision, found.days_more) == ("not yet", 12)
    assert found.sentence.endswith("which may be chance. About 12 more days.")
    assert judge(replace(OPEN, days=2, days_more=1)).days_more == 5  # a week it has to be
    assert judge(replace(OPEN, days_more=1)).sentence.endswith("1 more day.")


@pytest.mark.parametrize("days_more", [None, 366])
def test_what_would_take_years_is_not_waited_for(days_more: int | None) -> None:
    found = judge(replace(OPEN, days_more=days_more))
    assert (found.decision, found.days_more) == ("not yet", None)
    assert "more than a year" in found.reasons[-1]


def test_an_experiment_that_ended_undecided_says_so() -> None:
    found = judge(replace(OPEN, over=True))
    assert (found.decision, found.days_more) == ("not yet", None)
    assert found.sentence.startswith("Not yet, and it is over")


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        (replace(WON, sample_ratio=0.0009), "the arms are not filled as planned"),
        (replace(WON, crossed=102), "102 users (1.0%) have been in both arms; at most 1% may"),
        (replace(WON, crossed=102, reweighed=True), "in both arms, as the weights were changed"),
        (with_test(seen=0.0), "only 0.0% of the answers of test were seen"),
        (with_test(seen=0.3), "answers of control are seen far more often than those of test"),
        (with_test(latency=0.2), "test answers far slower than control"),
        (with_test(fallbacks=0.13), "test falls back to posts for everybody far more often"),
    ],
)
@pytest.mark.parametrize("open_question", [False, True])
def test_doubts_come_before_any_result(evidence: Evidence, told: str, open_question: bool) -> None:
    found = judge(replace(evidence, low=-1) if open_question else evidence)
    assert found.decision == "do not believe it"
    assert told in found.sentence
    assert len(found.reasons) == 1


@pytest.mark.parametrize(
    "evidence",
    [
        replace(WON, sample_ratio=0.001),
        replace(WON, sample_ratio=math.nan),
        replace(WON, crossed=100),
        with_test(seen=0.45),
        with_test(seen=math.nan),
        with_test(latency=0.09),  # slower many times, but nobody feels it
        with_test(latency=math.nan),
        with_test(fallbacks=0.11),
        with_test(fallbacks=math.nan),
    ],
)
def test_small_differences_and_what_was_not_measured_raise_no_doubt(evidence: Evidence) -> None:
    assert judge(evidence).decision == "keep test"


def test_all_doubts_are_told_the_gravest_first() -> None:
    found = judge(replace(with_test(latency=0.2, fallbacks=0.5), sample_ratio=1e-6))
    assert [reason.split()[0] for reason in found.reasons] == ["The", "Test", "Test"]
    assert "p = 1e-06" in found.sentence


def test_a_winner_of_a_few_days_is_not_kept_yet() -> None:
    found = judge(replace(WON, days=3))
    assert (found.decision, found.days_more) == ("not yet", 4)
    assert found.sentence == "Not yet: test is ahead, after 3 of at least 7 days. About 4 more days."
    assert found.reasons[0] == "Test changes the like rate by +5.0% (+1.0% to +9.0%)."
    assert judge(replace(WON, days=7)).decision == "keep test"


def test_nothing_can_be_said_of_nobody_or_of_few() -> None:
    assert (
        judge(replace(WON, days=0, arms={})).sentence == "Not yet: nobody has been shown anything in this experiment."
    )
    assert "99 users" in judge(with_test(users=99)).sentence
    undefined = replace(WON, low=math.nan, high=math.nan, reason="no post was shown in control")
    assert judge(undefined).sentence == "Not yet: no post was shown in control."


def test_an_interleaved_experiment_has_one_arm_to_look_at() -> None:
    interleaved = replace(WON, arms={"interleaved": SOUND}, sample_ratio=math.nan)
    assert judge(interleaved).decision == "keep test"
