"""The steps that more than one flow takes; each a few lines around the plain function that does the work."""

from pathlib import Path
from typing import Any

import duckdb
from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from core.errors import SourceEmpty, SourceError, SourceMismatch
from core.settings import Settings
from features.daily import refresh_daily
from flows.news import note_publication
from flows.progress import report_progress
from flows.reports import copy_report, snapshot_report
from flows.runs import run_id
from ranking.pipeline import Inputs, load_inputs
from warehouse.copy import CopyReport, Reconcile, copy_source
from warehouse.snapshots import ManifestBody, publish, retain

HOUR = 3600.0


def is_transient(_task: Any, _run: Any, state: Any) -> bool:
    """Whether a failed copy is worth another try: the connection broke, not the data or their description."""
    try:
        state.result()
    except (SourceEmpty, SourceMismatch):
        return False
    except SourceError:
        return True
    except Exception:
        return False
    return False


@task(
    name="copy the source",
    task_run_name="copy the source",
    cache_policy=NO_CACHE,
    retries=3,
    retry_delay_seconds=[10, 60, 300],
    retry_condition_fn=is_transient,
    timeout_seconds=4 * HOUR,
)
def copy_tables(settings: Settings, full: bool, reconcile: Reconcile = "recent") -> CopyReport:
    """Bring the warehouse up to the source, and tell what came, what was rejected, and what is missing."""
    report = copy_source(settings, run_id(), full=full, reconcile=reconcile)
    create_markdown_artifact(copy_report(report), key="copy", description="Rows copied and rejected")
    return report


@task(name="aggregate days", task_run_name="aggregate days", cache_policy=NO_CACHE, timeout_seconds=HOUR)
def aggregate_days(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Aggregate the days, and the topics, that have changed since this was last done to its end."""
    refresh_daily(warehouse)


@task(name="embed posts", task_run_name="embed posts", cache_policy=NO_CACHE, timeout_seconds=12 * HOUR)
def embed_posts(warehouse: duckdb.DuckDBPyConnection, settings: Settings) -> Inputs:
    """Read the posts and embed the texts that no earlier run embedded; a run that is killed keeps what it has."""
    return load_inputs(warehouse, settings, report_progress("texts embedded"))


@task(name="publish snapshot", task_run_name="publish snapshot", cache_policy=NO_CACHE, timeout_seconds=HOUR)
def publish_snapshot(
    warehouse: duckdb.DuckDBPyConnection, settings: Settings, folder: Path, manifest: ManifestBody
) -> str:
    """Make the finished draft the snapshot that is served; its id."""
    snapshot = publish(settings, folder, manifest, by=f"{flow_run.flow_name} {flow_run.name}")
    note_publication(warehouse, snapshot.id)
    create_markdown_artifact(snapshot_report(snapshot), key="snapshot", description="What is served now")
    return snapshot.id


@task(name="retain snapshots", task_run_name="retain snapshots", cache_policy=NO_CACHE)
def retain_snapshots(settings: Settings, keep: int, dry_run: bool) -> list[str]:
    """Leave the newest `keep` snapshots and the current one."""
    removed = retain(settings, keep, dry_run)
    report_deleted("snapshots", removed, dry_run)
    return removed


def report_deleted(what: str, names: list[str], dry_run: bool) -> None:
    """A table of what a run has deleted, or would delete."""
    verb = "would be deleted" if dry_run else "deleted"
    table = [{what: name} for name in names]
    create_table_artifact(table, key=f"deleted-{what}", description=f"{len(names)} {what} {verb}")
