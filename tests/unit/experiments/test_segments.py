"""Many looks are paid for: Holm's correction."""

from experiments.report_schema import Range, Segment
from experiments.segments import with_holm

UNKNOWN = Range(None, None, None)


def segment(p_value: float | None) -> Segment:
    return Segment("os", "any", {}, None, None, UNKNOWN, p_value, None)


def corrected(*p_values: float | None) -> list[float | None]:
    return [one.p_holm for one in with_holm([segment(p_value) for p_value in p_values])]


def test_the_smallest_counts_for_all_and_each_next_for_one_less() -> None:
    assert corrected(0.01, 0.04, 0.03) == [0.03, 0.06, 0.06]
    assert corrected(0.5, 0.6) == [1.0, 1.0]


def test_what_could_not_be_looked_at_is_no_look() -> None:
    assert corrected(None, 0.02) == [None, 0.02]
    assert corrected() == []
