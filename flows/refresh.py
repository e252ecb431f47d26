"""Refresh: publish what is new with the rankers that stand.

Between two trainings the tastes of people and the posts change faster than the rankers do, so the features are brought
up to date every quarter of an hour and the rankers stay. Without a snapshot there is nothing to refresh, and that is an
error told before anything is copied: somebody has to train first. When the source brought nothing, nothing is
published, and the run says so: a snapshot that differs from the one before in its name alone would make every API
reload for nothing. Whether something is new is asked of the warehouse and not of the copy, as an earlier run may have
copied and then been killed.
"""

from pathlib import Path

import duckdb
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from core.settings import Settings
from flows.news import is_news
from flows.runs import warehouse_run
from flows.tasks import HOUR, aggregate_days, copy_tables, embed_posts, publish_snapshot, retain_snapshots
from ranking import pipeline
from ranking.pipeline import Inputs
from warehouse.connection import connect
from warehouse.snapshots import ManifestBody, Snapshot, current, draft


@flow(name="refresh", timeout_seconds=4 * HOUR)
def refresh() -> State[None]:
    """Copy, and publish a snapshot with the standing rankers if anything is new."""
    with warehouse_run() as settings:
        standing = current(settings)
        copy_tables(settings, full=False)
        with connect(settings) as warehouse:
            if not is_news(warehouse, standing):
                return Completed(name="Skipped", message=f"nothing is new since snapshot {standing.id}")
            aggregate_days(warehouse)
            inputs = embed_posts(warehouse, settings)
            with draft(settings) as folder:
                manifest = apply_rankers(warehouse, inputs, standing, folder, settings)
                snapshot = publish_snapshot(warehouse, settings, folder, manifest)
        retain_snapshots(settings, settings.snapshots_kept, dry_run=False)
    return Completed(message=f"published snapshot {snapshot}")


@task(name="apply rankers", task_run_name="apply rankers", cache_policy=NO_CACHE, timeout_seconds=4 * HOUR)
def apply_rankers(
    warehouse: duckdb.DuckDBPyConnection, inputs: Inputs, standing: Snapshot, folder: Path, settings: Settings
) -> ManifestBody:
    """Write today's features and recommendations with the rankers of `standing`."""
    return pipeline.refresh(warehouse, inputs, standing, folder, settings)
