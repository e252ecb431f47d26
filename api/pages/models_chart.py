"""Where things stand in the pictures of the page Models, which its template draws."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import floor, log10
from typing import Final, NamedTuple

from api.pages.models_view import Bin, Measured, Period

PERIODS: Final = 60  # in the timeline
TIMELINE: Final = 1000  # units wide
SIDE: Final = 280  # of the square of the calibration, in pixels


class Span(NamedTuple):
    """A snapshot's time in service within the timeline."""

    x: float
    width: float
    period: Period
    alternate: bool  # so that neighbours can be told apart


class Bar(NamedTuple):
    """A figure and its interval on a line from 0 to 1."""

    low: float
    value: float
    high: float


class Point(NamedTuple):
    """Predicted and observed within the square, y from above."""

    x: float
    y: float
    low: float
    high: float
    bin: Bin


class Square(NamedTuple):
    """The calibration of all arms: the axes go from 0 to the largest of the figures."""

    side: int
    points: dict[str, list[Point]]
    ticks: list[tuple[float, float]]  # value, and how far from the origin

    @property
    def lines(self) -> dict[str, str]:
        """By arm, the corners of the line through its points."""
        return {arm: " ".join(f"{one.x:.1f},{one.y:.1f}" for one in points) for arm, points in self.points.items()}


def timeline(periods: Sequence[Period], now: datetime) -> list[Span]:
    """The latest periods from left to right."""
    shown = periods[:PERIODS][::-1]
    if not shown:
        return []
    start, whole = shown[0].since, max((now - shown[0].since).total_seconds(), 1.0)

    def at(moment: datetime) -> float:
        return TIMELINE * min(max((moment - start).total_seconds() / whole, 0.0), 1.0)

    ends = [(at(one.since), at(one.until or now)) for one in shown]
    return [
        Span(begin, max(end - begin, 1.5), one, bool(place % 2))
        for place, (one, (begin, end)) in enumerate(zip(shown, ends, strict=True))
    ]


def bars(measured: dict[str, Measured]) -> dict[str, Bar]:
    """Figures of one metric on a common line; what is undefined has none."""
    told = {name: one for name, one in measured.items() if one.value is not None}
    if not told:
        return {}
    edges = [edge for one in told.values() for edge in (one.low, one.value, one.high) if edge is not None]
    least, width = min(edges), (max(edges) - min(edges)) or 1.0

    def at(value: float | None, otherwise: float) -> float:
        return ((otherwise if value is None else value) - least) / width

    return {
        name: Bar(at(one.low, value), at(value, value), at(one.high, value))
        for name, one in told.items()
        if (value := one.value) is not None
    }


def square(calibration: dict[str, list[Bin]]) -> Square | None:
    """The picture of the calibration; None if there is nothing to draw."""
    shown = {arm: [one for one in bins if one.bin] for arm, bins in calibration.items()}
    largest = max((max(one.predicted, one.high) for bins in shown.values() for one in bins), default=0.0)
    if not largest > 0:
        return None

    def along(value: float) -> float:
        return SIDE * min(value / largest, 1.0)

    points = {
        arm: [
            Point(along(one.predicted), SIDE - along(one.observed), SIDE - along(one.low), SIDE - along(one.high), one)
            for one in bins
        ]
        for arm, bins in shown.items()
    }
    return Square(SIDE, points, [(value, along(value)) for value in ticks(largest)])


def ticks(largest: float) -> list[float]:
    """Round numbers from 0 to `largest`, three to six of them.

    >>> ticks(0.34), ticks(1.0)
    ([0.0, 0.1, 0.2, 0.3], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    """
    power = 10.0 ** floor(log10(largest))
    step = next(step for step in _steps(power) if largest / step < 6)
    return [round(step * place, 10) for place in range(int(largest / step + 1e-9) + 1)]


def _steps(power: float) -> Iterable[float]:
    yield from (power / 10, power / 5, power / 2, power, power * 2)
