"""Retrain: from the source's tables to a new snapshot with new rankers.

One run, one process, one step after the other: the steps hand each other arrays that are larger than anything worth
storing between them, and each uses all cores by itself. The rankers are judged before they are fitted, on a split in
time, because those that are published have seen everything and leave nothing to judge them on. The warehouse is held
from the first row to the published snapshot, so that the snapshot is of one state of it. Whatever fails, what is being
served stays: the snapshot becomes visible in one step, the last but one.

A pair that does not pass the promotion gate is stored and not served, and the run ends in the state `NotPromoted`, of
type COMPLETED: every step did its work, another try would end the same way, and an alarm for failed runs is for runs
that broke. It is seen all the same, by the state's name in the list of runs, by its message, by the artifact `gate`
with the reasons, and by the event `prefect.flow-run.NotPromoted`, which an automation can send on.
"""

from pathlib import Path
from typing import Annotated

import duckdb
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from core.columns import ARMS
from core.settings import Settings
from flows.reports import gate_report, metrics_by_arm
from flows.runs import warehouse_run
from flows.tasks import HOUR, aggregate_days, copy_tables, embed_posts, publish_snapshot, retain_snapshots
from ranking import pipeline
from ranking.gate import Verdict
from ranking.pipeline import Inputs, Judgement
from ranking.promotion import pass_gate
from ranking.recommender import ranker_file
from ranking.train import feature_importances, load_ranker
from warehouse.connection import connect
from warehouse.snapshots import ManifestBody, Snapshot, draft, standing, store

NOT_PROMOTED = "NotPromoted"
SHOWN = 20  # features in the table of importances


@flow(name="retrain", timeout_seconds=24 * HOUR)
def retrain(
    full_copy: Annotated[bool, Field(description="Copy all events again instead of those since the last copy")] = False,
) -> State[None]:
    """Copy, judge and train both rankers, publish a snapshot if it passes the gate."""
    with warehouse_run() as settings:
        rival = standing(settings)
        copy_tables(settings, full_copy)
        with connect(settings) as warehouse:
            aggregate_days(warehouse)
            inputs = embed_posts(warehouse, settings)
            judgement = judge_rankers(warehouse, inputs, rival, settings)
            with draft(settings) as folder:
                manifest = train_rankers(warehouse, inputs, judgement, folder, settings)
                verdict, manifest = ask_gate(folder, manifest, judgement, rival, settings)
                if verdict.promoted:
                    snapshot = publish_snapshot(warehouse, settings, folder, manifest)
                else:
                    snapshot = store(settings, folder, manifest).id
        retain_snapshots(settings, settings.snapshots_kept, dry_run=False)
    if verdict.promoted:
        return Completed(message=f"published snapshot {snapshot}")
    serving = f"{rival.id} stands" if rival else "nothing is served"
    reasons = "; ".join(verdict.reasons)
    return Completed(name=NOT_PROMOTED, message=f"snapshot {snapshot} is stored, {serving}: {reasons}")


@task(name="judge rankers", task_run_name="judge rankers", cache_policy=NO_CACHE, timeout_seconds=4 * HOUR)
def judge_rankers(
    warehouse: duckdb.DuckDBPyConnection, inputs: Inputs, rival: Snapshot | None, settings: Settings
) -> Judgement:
    """Train on what was known before the cut, judge on what came after, beside the standing pair and the baselines."""
    judgement = pipeline.judge(warehouse, inputs, settings, rival)
    table = metrics_by_arm(judgement.comparison.evaluation.table)
    create_table_artifact(table, key="metrics", description="Arms and baselines after the cut")
    return judgement


@task(name="train rankers", task_run_name="train rankers", cache_policy=NO_CACHE, timeout_seconds=12 * HOUR)
def train_rankers(
    warehouse: duckdb.DuckDBPyConnection, inputs: Inputs, judgement: Judgement, folder: Path, settings: Settings
) -> ManifestBody:
    """Fit both rankers on all that is known and write the whole snapshot into `folder`."""
    manifest = pipeline.retrain(warehouse, inputs, judgement, folder, settings)
    for arm in ARMS:
        table = feature_importances(load_ranker(folder / ranker_file(arm))).head(SHOWN).to_dicts()
        create_table_artifact(table, key=f"importances-{arm}", description=f"What the {arm} ranker leans on")
    return manifest


@task(name="pass the gate", task_run_name="pass the gate", cache_policy=NO_CACHE, timeout_seconds=HOUR)
def ask_gate(
    folder: Path, manifest: ManifestBody, judgement: Judgement, rival: Snapshot | None, settings: Settings
) -> tuple[Verdict, ManifestBody]:
    """Decide whether the new pair may be served, and tell why."""
    verdict, manifest = pass_gate(folder, manifest, judgement.comparison, judgement.no_standing, rival, settings)
    create_markdown_artifact(gate_report(verdict), key="gate", description="May the retrained pair be served?")
    return verdict, manifest
