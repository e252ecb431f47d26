"""Retrain: from the source's tables to a new snapshot with new rankers.

One run, one process, one step after the other: the steps hand each other arrays that are larger than anything worth
storing between them, and each uses all cores by itself. The rankers are judged before they are fitted, on a split in
time, because those that are published have seen everything and leave nothing to judge them on. The warehouse is held
from the first row to the published snapshot, so that the snapshot is of one state of it. Whatever fails, what is being
served stays: the snapshot becomes visible in one step, the last but one.
"""

from pathlib import Path
from typing import Annotated

import duckdb
from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from core.columns import ARMS
from core.settings import Settings
from flows.reports import metrics_by_arm
from flows.runs import warehouse_run
from flows.tasks import HOUR, aggregate_days, copy_tables, embed_posts, publish_snapshot, retain_snapshots
from ranking import pipeline
from ranking.evaluation import Evaluation
from ranking.pipeline import Inputs
from ranking.recommender import ranker_file
from ranking.train import feature_importances, load_ranker
from warehouse.connection import connect
from warehouse.snapshots import ManifestBody, draft

SHOWN = 20  # features in the table of importances


@flow(name="retrain", timeout_seconds=24 * HOUR)
def retrain(
    full_copy: Annotated[bool, Field(description="Copy all events again instead of those since the last copy")] = False,
) -> str:
    """Copy, judge and train both rankers, publish a snapshot; the id of the snapshot."""
    with warehouse_run() as settings:
        copy_tables(settings, full_copy)
        with connect(settings) as warehouse:
            aggregate_days(warehouse, everything=True)
            inputs = embed_posts(warehouse, settings)
            evaluation = judge_rankers(warehouse, inputs, settings)
            with draft(settings) as folder:
                manifest = train_rankers(warehouse, inputs, evaluation, folder, settings)
                snapshot = publish_snapshot(warehouse, settings, folder, manifest)
        retain_snapshots(settings, settings.snapshots_kept, dry_run=False)
    return snapshot


@task(name="judge rankers", task_run_name="judge rankers", cache_policy=NO_CACHE, timeout_seconds=4 * HOUR)
def judge_rankers(warehouse: duckdb.DuckDBPyConnection, inputs: Inputs, settings: Settings) -> Evaluation:
    """Train on what was known before the cut, judge on what came after, beside the baselines."""
    evaluation = pipeline.judge(warehouse, inputs, settings)
    create_table_artifact(
        metrics_by_arm(evaluation.table), key="metrics", description="Arms and baselines after the cut"
    )
    return evaluation


@task(name="train rankers", task_run_name="train rankers", cache_policy=NO_CACHE, timeout_seconds=12 * HOUR)
def train_rankers(
    warehouse: duckdb.DuckDBPyConnection, inputs: Inputs, evaluation: Evaluation, folder: Path, settings: Settings
) -> ManifestBody:
    """Fit both rankers on all that is known and write the whole snapshot into `folder`."""
    manifest = pipeline.retrain(warehouse, inputs, evaluation, folder, settings)
    for arm in ARMS:
        table = feature_importances(load_ranker(folder / ranker_file(arm))).head(SHOWN).to_dicts()
        create_table_artifact(table, key=f"importances-{arm}", description=f"What the {arm} ranker leans on")
    return manifest
