"""The pictures of a report as SVG, to stand inside its page: the same report gives the same bytes.

Texts stay texts, and what is neither an arm nor an alarm takes the colour of the page's text, so that the pictures are
as legible on a dark page as on a light one. matplotlib takes half a second to load, and is loaded when one is drawn.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from core.columns import ARMS, CONTROL, TEST
from experiments.report_schema import Look, MetricReport, Range, Report
from experiments.verdict import SAMPLE_RATIO_ALARM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Final = {CONTROL: "#7489a3", TEST: "#e0692d"}
ALARM: Final = "#d8434e"
# stands for the colour of the page's text; replaced by a word that matplotlib does not know
INK: Final = "#010203"
EPOCH: Final = date(1970, 1, 1)
WIDTH: Final = 7.6  # inches
STYLE: Final[dict[str, Any]] = {
    "svg.fonttype": "none",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": INK,
    "grid.alpha": 0.15,
    "legend.frameon": False,
}
# written by default: when and with what it was drawn
NO_METADATA: Final = dict.fromkeys(("Creator", "Date", "Format", "Type"))
MOST_SEGMENTS: Final = 40  # drawn; the table has all


def pictures(report: Report) -> dict[str, str]:
    """SVG by name: days, sequence, ratio, segments; what there is nothing to draw of is left out."""
    drawn = {}
    primary = next((metric for metric in report.metrics if metric.primary), None)
    if primary and primary.days:
        title = f"{primary.title} by arm and day, with intervals"
        drawn["days"] = _draw("days", title, 3.0, lambda figure: _days(figure, primary))
    looks = report.interleaving.looks if report.interleaving else primary.looks if primary else []
    if any(look.difference.low is not None for look in looks):
        title = "The confidence sequence of test against control"
        relative = report.interleaving is None
        drawn["sequence"] = _draw("sequence", title, 3.0, lambda figure: _sequence(figure, looks, relative))
    if report.sample_ratio:
        drawn["ratio"] = _draw("ratio", "How the arms were filled", 3.6, lambda figure: _ratio(figure, report))
    told = [found for found in report.segments if found.relative.low is not None][:MOST_SEGMENTS]
    if told:
        labels = [f"{found.column}: {found.segment}" for found in told]
        ranges = [found.relative for found in told]
        height = 0.8 + 0.26 * len(told)
        drawn["segments"] = _draw(
            "segments", "Effect by segment", height, lambda figure: _segments(figure, labels, ranges)
        )
    return drawn


def _draw(name: str, title: str, height: float, draw: Callable[[Figure], None]) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # the salt makes what is referred to inside one picture differ from what is inside another on the page
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata=NO_METADATA)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    # ids that nothing refers to, and that every picture would have
    svg = re.sub(r' id="[a-zA-Z0-9.]+_\d+"', "", svg)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg).replace("xlink:href", "href")
    return svg.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)


def _days(figure: Figure, metric: MetricReport) -> None:
    axes = figure.subplots()
    for place, arm in enumerate(ARMS):
        days = [found for found in metric.days if found.arm == arm and found.value.value is not None]
        if not days:
            continue
        value, below, above = zip(*(_around(found.value) for found in days), strict=True)
        # a little apart, or one arm's interval would hide the other's
        at = [_at(found.day) + (place - 0.5) * 0.18 for found in days]
        axes.errorbar(
            at, value, yerr=(below, above), color=COLOURS[arm], label=arm, marker="o", ms=3.5, lw=1.3, elinewidth=1
        )
    _dates(axes)
    if metric.name != "likes":
        _percent(axes.yaxis)
    axes.set_ylabel(metric.title)
    axes.legend(ncols=2, loc="upper left", bbox_to_anchor=(0, 1.15))


def _sequence(figure: Figure, looks: Sequence[Look], relative: bool) -> None:
    axes = figure.subplots()
    found = [(_at(look.day), look.relative if relative else look.difference) for look in looks]
    told = [(at, shown) for at, shown in found if shown.low is not None]
    at = [day for day, _ in told]
    low, value, high = ([getattr(shown, name) for _, shown in told] for name in ("low", "value", "high"))
    axes.fill_between(at, low, high, color=COLOURS[TEST], alpha=0.25, lw=0, label="bounds, safe on every day")
    axes.plot(at, value, color=COLOURS[TEST], marker="o", ms=3.5, label="difference so far")
    axes.axhline(0, color=INK, lw=1)
    # the first days' bounds are so wide that nothing would be seen of the last
    settled = slice(len(told) // 3, None)
    bottom, top = min(0.0, *low[settled]), max(0.0, *high[settled])
    margin = 0.15 * (top - bottom) or 1e-9
    axes.set_ylim(bottom - margin, top + margin)
    _dates(axes)
    if relative:
        _percent(axes.yaxis)
    axes.set_ylabel("test against control" if relative else "more likes a user for test")
    axes.legend(ncols=2, loc="upper left", bbox_to_anchor=(0, 1.15))


def _ratio(figure: Figure, report: Report) -> None:
    filled, doubted = figure.subplots(2, sharex=True)
    at = [_at(look.day) for look in report.sample_ratio]
    share = [look.users[TEST] / max(sum(look.users.values()), 1) for look in report.sample_ratio]
    filled.plot(at, share, color=COLOURS[TEST], marker="o", ms=3.5)
    filled.axhline(report.plan.weights[TEST], color=INK, lw=1, ls="--")
    filled.margins(y=0.3)
    _percent(filled.yaxis)
    filled.set_ylabel("users in test")
    # a p of 0 has no place on a logarithmic axis
    p_values = [max(look.p_value if look.p_value is not None else 1.0, 1e-12) for look in report.sample_ratio]
    doubted.plot(at, p_values, color=INK, marker="o", ms=3.5)
    doubted.axhline(SAMPLE_RATIO_ALARM, color=ALARM, lw=1.3)
    doubted.set_yscale("log")
    doubted.set_ylim(min(*p_values, SAMPLE_RATIO_ALARM) / 5, 3)
    doubted.set_ylabel("p, alarm below the line")
    _dates(doubted)


def _segments(figure: Figure, labels: Sequence[str], ranges: Sequence[Range]) -> None:
    axes = figure.subplots()
    places = range(len(labels), 0, -1)
    value, below, above = zip(*map(_around, ranges), strict=True)
    axes.errorbar(value, places, xerr=(below, above), color=COLOURS[TEST], fmt="o", ms=4, elinewidth=1.5)
    axes.axvline(0, color=INK, lw=1)
    axes.set_yticks(places, labels)
    axes.set_ylim(0.4, len(labels) + 0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    _percent(axes.xaxis)
    axes.set_xlabel("test against control")


def _around(found: Range) -> tuple[float, float, float]:
    """The value, and how far the bounds lie below and above it; bounds that are undefined are left out."""
    value = found.value or 0.0
    return (
        value,
        value - (value if found.low is None else found.low),
        (value if found.high is None else found.high) - value,
    )


def _at(day: date) -> int:
    """As matplotlib counts days."""
    return (day - EPOCH).days


def _dates(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    axes.xaxis_date()
    locator = AutoDateLocator(minticks=2, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _percent(axis: Any) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0))
