"""What the report finds of a rehearsal, beside the truth."""

from uuid import uuid4

from rich.markup import escape
from rich.table import Table

from core.columns import COMPARED
from core.errors import ServiceError
from core.settings import Settings
from experiments import wording
from experiments.daily import update_daily
from experiments.metrics import LIKE_RATE
from experiments.report import report_on_standing
from experiments.report_files import PAGE, report_folder
from experiments.report_schema import Range, Report
from feedrank.rehearsal import ArmTruth, ShownTruth
from feedrank.terminal import out, print_json
from warehouse.connection import connect
from warehouse.copy import copy_source


def write_findings(settings: Settings) -> Report:
    """What experiment-report/daily does, without Prefect. The caller holds the warehouse."""
    # somebody may have acted after the days played, before they were
    copy_source(settings, uuid4().hex, reconcile="repair")
    with connect(settings) as warehouse:
        update_daily(warehouse, settings)
        report = report_on_standing(warehouse, settings)
    if report is None:
        raise ServiceError("the API has started no experiment; its logs are logs/rehearsal-*.log")
    return report


def show_findings(settings: Settings, report: Report, shown: ShownTruth, as_json: bool = False) -> None:
    """Print the verdict, and whether the intervals hold what is true."""
    arms = [shown.arms.get(arm, ArmTruth()) for arm in COMPARED]
    truth = shown.relative
    if as_json:
        print_json({"kind": "rehearsal", "truth": {"relative": truth, "arms": shown.arms}, "report": report})
        return
    table = Table("like rate", *COMPARED, "test against control", "holds it")
    table.add_row("truth", *(f"{arm.rate:.2%}" for arm in arms), f"{truth:+.1%}", "")
    found = next((metric for metric in report.metrics if metric.name == LIKE_RATE), None)
    if found is not None:
        rates = [wording.share(found.control), wording.share(found.test)]
        for name, kind in (("one look", found.fixed), ("every day", found.sequence)):
            told = escape(kind.reason or wording.change_range(kind.relative))
            table.add_row(name, *rates, told, "yes" if holds(kind.relative, truth) else "no")
    out.print(table)
    out.print(f"{shown.answers:,} answers, {sum(arm.liked for arm in arms):,} likes", highlight=False)
    out.print(f"[bold]verdict[/] {escape(report.verdict.sentence)}", highlight=False, soft_wrap=True)
    page = report_folder(settings, report.experiment) / PAGE
    out.print(f"[bold]report[/]  {escape(str(page))}", highlight=False, soft_wrap=True)


def holds(interval: Range, value: float) -> bool:
    """Whether the value lies between the bounds; an undefined interval holds nothing."""
    return interval.low is not None and interval.high is not None and interval.low <= value <= interval.high
