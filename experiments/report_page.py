"""The report as one page of HTML that needs nothing beside it: no script, no font, no address."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from experiments.report_schema import Report
from experiments.templates_of import templates
from experiments.verdict import SAMPLE_RATIO_ALARM

if TYPE_CHECKING:
    from jinja2 import Template

TONES = {"keep control": "keep", "keep test": "keep", "do not believe it": "doubt", "not yet": "open"}


def render(report: Report, pictures: Mapping[str, str]) -> str:
    """The page, with pictures as SVG by name. All that comes from data is escaped; the pictures are our own."""
    return _template().render(
        report=report,
        primary=report.primary,
        pictures=pictures,
        tone=TONES[report.verdict.decision],
        alarm=SAMPLE_RATIO_ALARM,
        ratio_alarm=report.ratio_is_broken,
        looks=report.looks,
        by_chance=f"{report.looks * (1 - report.level):.1f}",
    )


@cache
def _template() -> "Template":
    return templates("experiments").get_template("report.html")
