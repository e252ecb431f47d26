"""The report as one page of HTML that needs nothing beside it: no script, no font, no address."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from experiments import wording
from experiments.report_schema import Report
from experiments.verdict import SAMPLE_RATIO_ALARM

if TYPE_CHECKING:
    from jinja2 import Template

TONES = {"keep control": "keep", "keep test": "keep", "do not believe it": "doubt", "not yet": "open"}


def render(report: Report, pictures: Mapping[str, str]) -> str:
    """The page, with pictures as SVG by name. All that comes from data is escaped; the pictures are our own."""
    looks = sum(found.p_value is not None for found in report.segments)
    p_value = report.sample_ratio[-1].p_value if report.sample_ratio else None
    return _template().render(
        report=report,
        primary=next((metric for metric in report.metrics if metric.primary), None),
        pictures=pictures,
        tone=TONES[report.verdict.decision],
        alarm=SAMPLE_RATIO_ALARM,
        ratio_alarm=p_value is not None and p_value < SAMPLE_RATIO_ALARM,
        looks=looks,
        by_chance=f"{looks * (1 - report.level):.1f}",
    )


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("experiments"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for told in (wording.share, wording.change_range, wording.plain, wording.probability, wording.milliseconds):
        environment.filters[told.__name__] = told
    return environment.get_template("report.html")
