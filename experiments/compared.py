"""From what the statistics compute to what a report holds: numbers that are undefined become null."""

import math

from experiments.report_schema import Comparison, Range
from experiments.statistics.effects import Effect, Interval
from experiments.statistics.sequences import Sequence


def number(value: float | None) -> float | None:
    """The value, or None where it is none or not finite: JSON has no NaN."""
    return None if value is None or not math.isfinite(value) else float(value)


def as_range(interval: Interval) -> Range:
    """An interval; one without a value has no bounds."""
    return Range(number(interval.value), number(interval.low), number(interval.high))


def from_effect(effect: Effect) -> Comparison:
    """The fixed interval."""
    return Comparison(as_range(effect.difference), as_range(effect.relative), number(effect.p_value), effect.reason)


def from_sequence(sequence: Sequence, reason: str | None) -> Comparison:
    """The confidence sequence; `reason` is that of the effect around which it lies."""
    return Comparison(as_range(sequence.difference), as_range(sequence.relative), number(sequence.p_value), reason)
