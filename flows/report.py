"""Report: judge the experiment by all that has been shown and liked.

It copies first, as exposures and likes of the last hours are in the source only, and then brings the daily statistics
up to date, from which the whole report is computed: nothing is added to an earlier report, so that running it again
writes the same one. Before anything has been shown there is nothing to report, which is no failure. The files are
replaced as a whole; the API and `feedrank report` read them and ask the warehouse nothing.
"""

import duckdb
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from core.settings import Settings
from experiments.daily import update_daily
from experiments.report import has_exposures, report_on_standing
from experiments.report_schema import Report
from flows.reports import experiment_report
from flows.runs import warehouse_run
from flows.tasks import HOUR, copy_tables
from warehouse.connection import connect


@flow(name="experiment-report", timeout_seconds=4 * HOUR)
def report() -> State[None]:
    """Copy, and write the report on the experiment that stands."""
    with warehouse_run() as settings:
        copy_tables(settings, full=False)
        with connect(settings) as warehouse:
            add_up_days(warehouse, settings)
            written = judge_experiment(warehouse, settings)
    if written is None:
        return Completed(
            name="Skipped", message="nothing has been shown in an experiment yet: there is nothing to report"
        )
    return Completed(message=written.verdict.sentence)


@task(name="add up days", task_run_name="add up days", cache_policy=NO_CACHE, timeout_seconds=HOUR)
def add_up_days(warehouse: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Bring what each user was shown and liked on each day up to date."""
    update_daily(warehouse, settings)


@task(name="judge experiment", task_run_name="judge experiment", cache_policy=NO_CACHE, timeout_seconds=HOUR)
def judge_experiment(warehouse: duckdb.DuckDBPyConnection, settings: Settings) -> Report | None:
    """Write the report and tell its verdict; None if there is nothing to report on."""
    if not has_exposures(warehouse):
        return None  # before the ledger is asked, whose table may not be there either
    made = report_on_standing(warehouse, settings)
    if made is None:
        return None
    create_markdown_artifact(experiment_report(made), key="experiment", description="Which arm is better?")
    return made
