"""`feedrank doctor`: looks at everything a running feedrank needs, and says what to do about what is wrong."""

import sys
from collections.abc import Iterator

from rich.markup import escape

from core.settings import Settings, load_settings
from feedrank.checks.access import check_access
from feedrank.checks.disk import check_space, check_spool
from feedrank.checks.finding import Check, Finding
from feedrank.checks.prefect import check_prefect
from feedrank.checks.service import check_service
from feedrank.checks.snapshot import check_snapshot
from feedrank.checks.source import check_source
from feedrank.checks.warehouse import check_warehouse
from feedrank.terminal import WRONG, Json, out, print_json

CHECKS: tuple[Check, ...] = (
    check_source,
    check_warehouse,
    check_snapshot,
    check_prefect,
    check_spool,
    check_space,
    check_access,
    check_service,
)
MARKS = {"ok": "[green]ok     [/]", "warning": "[yellow]warning[/]", "wrong": "[bold red]wrong  [/]"}


def doctor(*, as_json: Json = False) -> None:
    """Look at source, warehouse, snapshot, Prefect, spool, disk, access and API; exit code 1 if something is wrong."""
    settings = load_settings()
    wrong = False
    for finding in findings(settings):
        wrong |= finding.level == "wrong"
        if as_json:
            print_json(finding)
        else:
            _show(finding)
    sys.exit(WRONG if wrong else 0)


def findings(settings: Settings) -> Iterator[Finding]:
    """What every check finds, as it is found. One that fails itself is a finding too."""
    for check in CHECKS:
        try:
            yield from check(settings)
        except Exception as error:  # the others still have something to say
            what = check.__name__.removeprefix("check_")
            # its text may carry an address with its password
            yield Finding("wrong", what, f"cannot be looked at: {type(error).__name__}", "report this as a bug")


def _show(finding: Finding) -> None:
    told = f"{MARKS[finding.level]} [bold]{finding.what:15}[/] {escape(finding.seen)}"
    out.print(told, highlight=False, soft_wrap=True)
    if finding.remedy is not None and finding.level != "ok":
        out.print(f"        {'':15} → {escape(finding.remedy)}", highlight=False, soft_wrap=True)
