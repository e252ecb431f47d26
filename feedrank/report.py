"""`feedrank report`: the verdict on an experiment, from the report that experiment-report/daily wrote last."""

import msgspec
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from core.settings import load_settings
from experiments import wording
from experiments.report_files import JSON, PAGE, newest_experiment, read_report, report_folder
from experiments.report_schema import Comparison, Report
from feedrank.terminal import Json, out, print_json

STYLES = {"keep control": "green", "keep test": "green", "do not believe it": "red", "not yet": "yellow"}


def report(name: str | None = None, /, *, as_json: Json = False) -> None:
    """Which arm to keep, and why.

    Parameters
    ----------
    name
        The experiment; by default the one that was reported on last.
    """
    settings = load_settings()
    chosen = name or newest_experiment(settings)
    found = read_report(settings, chosen)
    folder = report_folder(settings, chosen)
    if as_json:
        print_json(msgspec.json.decode((folder / JSON).read_bytes()))
        return
    out.print(f"[bold {STYLES[found.verdict.decision]}]{escape(found.verdict.sentence)}[/]", highlight=False)
    for reason in found.verdict.reasons:
        out.print(Padding(f"- {escape(reason)}", (0, 0, 0, 2)), highlight=False)
    out.print(_metrics(found))
    days = f"{found.first_day} to {found.last_day}" if found.first_day else "no day yet"
    users = ", ".join(f"{count:,} users in {arm}" for arm, count in found.users.items()) or "no users yet"
    out.print(f"{days}, {users}, {found.crossed:,} seen in both arms", highlight=False)
    out.print(f"page: {folder / PAGE}", markup=False, highlight=False, soft_wrap=True)


def _metrics(found: Report) -> Table:
    # bounds below, not beside: three kinds of them do not fit a terminal of 80
    table = Table("", "control", "test", "safe every day", "one look", "one look, CUPED", show_lines=True)
    for metric in found.metrics:
        table.add_row(
            f"[bold]{escape(metric.title)}[/]" if metric.primary else escape(metric.title),
            wording.plain(metric.control),
            wording.plain(metric.test),
            *(_told(kind) for kind in (metric.sequence, metric.fixed, metric.cuped)),
        )
    if found.interleaving:
        kinds = (found.interleaving.sequence, found.interleaving.fixed)
        counts = (f"{found.interleaving.control:,}", f"{found.interleaving.test:,}")
        table.add_row("likes of interleaved posts", *counts, *(_absolute(kind) for kind in kinds), "")
    return table


def _told(kind: Comparison) -> str:
    return escape(kind.reason or wording.change_range(kind.relative).replace(" (", "\n("))


def _absolute(kind: Comparison) -> str:
    return escape(kind.reason or wording.amount_range(kind.difference).replace(" (", "\n("))
