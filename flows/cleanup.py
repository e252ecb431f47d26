"""Cleanup: the only flow that deletes.

It shows what it would delete unless it is told to go ahead, for it is as easily started by a click as any other. It
holds the warehouse while it looks, so that no run is writing the drafts and spill files that it finds. Published
snapshots go by count and never by age: a source that has been silent for a year still has its last snapshot served.
"""

from datetime import timedelta
from typing import Annotated

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from core.settings import Settings
from flows.leftovers import find_leftovers
from flows.runs import warehouse_run
from flows.tasks import report_deleted, retain_snapshots
from warehouse.connection import connect, is_lake
from warehouse.lake import maintain
from warehouse.snapshots import sweep_drafts


@flow(name="cleanup", timeout_seconds=3600)
def cleanup(
    dry_run: Annotated[bool, Field(description="Only list what would be deleted")] = True,
    keep: Annotated[
        int | None, Field(ge=1, le=1000, description="Snapshots to leave; empty: as the settings say")
    ] = None,
    older_than_days: Annotated[int, Field(ge=1, le=3650, description="Age of logs and spill files to delete")] = 14,
) -> list[str]:
    """Delete old snapshots, what killed runs left behind, old logs and a lake's old versions; or only list them."""
    with warehouse_run() as settings:
        snapshots = retain_snapshots(settings, keep or settings.snapshots_kept, dry_run)
        leftovers = remove_leftovers(settings, timedelta(days=older_than_days), dry_run)
        versions = maintain_lake(settings, dry_run) if is_lake(settings) else []
    return snapshots + leftovers + versions


@task(name="remove leftovers", task_run_name="remove leftovers", cache_policy=NO_CACHE)
def remove_leftovers(settings: Settings, older_than: timedelta, dry_run: bool) -> list[str]:
    """Delete what `find_leftovers` finds, and drafts that killed runs left behind."""
    found = find_leftovers(settings, older_than)
    names = [str(path.relative_to(settings.home)) for path in found]
    if not dry_run:
        names += sweep_drafts(settings)
        for path in found:
            path.unlink()
    report_deleted("leftovers", names, dry_run)
    return names


@task(name="maintain the lake", task_run_name="maintain the lake", cache_policy=NO_CACHE)
def maintain_lake(settings: Settings, dry_run: bool) -> list[str]:
    """Forget old versions of the lake, join its small files, and delete those that nothing needs."""
    with connect(settings) as warehouse:
        names = maintain(warehouse, settings, dry_run=dry_run)
    report_deleted("lake", names, dry_run)
    return names
