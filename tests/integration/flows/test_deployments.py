"""The flows on a real Prefect server: a training by the worker, the others in this process, on one home folder."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg2
import pytest
from msgspec.structs import replace
from rich.console import Console

from core.errors import FeedrankError, RunFailed, SnapshotNotFound, WarehouseBusy
from core.settings import Settings
from feedrank.prefect_server import Prefect
from tests.integration.api.process import eventually
from tests.integration.flows.conftest import PASSWORD
from warehouse.lock import warehouse_lock
from warehouse.snapshots import Snapshot, current, list_snapshots, refused_ids

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient


@pytest.fixture(scope="module")
def client(prefect: Prefect) -> Iterator["SyncPrefectClient"]:
    from feedrank.prefect_client import connect

    with connect(prefect.api_url) as client:
        yield client


@pytest.fixture(scope="module")
def trained(client: "SyncPrefectClient", settings: Settings) -> tuple[Snapshot, str]:
    """The snapshot of one run of retrain/nightly, and what following it printed."""
    from feedrank.follow import follow
    from feedrank.prefect_client import start_run

    screen = io.StringIO()
    follow(client, start_run(client, "retrain/nightly"), Console(file=screen, width=200), lambda: None)
    return current(settings), screen.getvalue()


def test_retrain_shows_its_steps_and_publishes(trained: tuple[Snapshot, str], client: "SyncPrefectClient") -> None:
    snapshot, screen = trained
    steps = [
        "copy the source",
        "aggregate days",
        "embed posts",
        "judge rankers",
        "train rankers",
        "pass the gate",
        "publish snapshot",
    ]
    told = [line.partition(":")[0] for line in screen.splitlines() if ": Completed" in line]
    assert told == [*steps, "retain snapshots"]
    assert snapshot.manifest.models_from is None
    assert snapshot.manifest.rows["users"] == 40


def test_retrain_leaves_artifacts_to_read(trained: tuple[Snapshot, str], client: "SyncPrefectClient") -> None:
    artifacts = {artifact.key: str(artifact.data) for artifact in client.read_artifacts()}
    assert "| events | 1,500 | 1,500 | 0 |" in artifacts["copy"]
    assert trained[0].id in artifacts["snapshot"]
    assert [row["arm"] for row in json.loads(artifacts["metrics"])][:2] == ["control", "test"]
    assert any("pair_topic" in row["feature"] for row in json.loads(artifacts["importances-test"]))


def test_refresh_publishes_news_and_nothing_else(
    trained: tuple[Snapshot, str], settings: Settings, network: str
) -> None:
    from flows.refresh import refresh

    first, _ = trained
    assert refresh(return_state=True).name == "Skipped"
    assert current(settings).id == first.id
    with closing(psycopg2.connect(network)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO feed_action VALUES (1, 2, 'view', now()::timestamp)")
    assert refresh(return_state=True).name == "Completed"
    second = current(settings)
    assert second.id != first.id
    assert second.manifest.watermark > first.manifest.watermark
    assert second.manifest.models_from == first.id
    assert refresh(return_state=True).name == "Skipped"


def test_news_of_a_run_that_was_killed_are_not_forgotten(
    trained: tuple[Snapshot, str], settings: Settings, network: str
) -> None:
    from flows.ingest import ingest
    from flows.refresh import refresh

    with closing(psycopg2.connect(network)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO feed_action VALUES (3, 4, 'view', now()::timestamp)")
    ingest()  # as far as a refresh comes that is killed before it publishes
    assert refresh(return_state=True).name == "Completed"


def test_refresh_without_a_snapshot_fails_before_it_copies(
    prefect: Prefect, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.refresh import refresh

    monkeypatch.setenv("FEEDRANK_HOME", str(tmp_path))
    with pytest.raises(SnapshotNotFound, match="run retrain/nightly"):
        refresh()
    assert not (tmp_path / settings.warehouse_file.name).exists()


def test_a_second_run_does_not_get_the_warehouse(
    prefect: Prefect, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.ingest import ingest

    monkeypatch.setenv("FEEDRANK_WAREHOUSE__LOCK_WAIT", "PT0S")
    with warehouse_lock(settings, "somebody else"), pytest.raises(WarehouseBusy, match="somebody else"):
        ingest()


def test_an_experiment_is_reported_once_something_was_shown(
    trained: tuple[Snapshot, str], client: "SyncPrefectClient", settings: Settings, network: str
) -> None:
    from experiments.ledger import begin
    from experiments.report_files import read_page, read_report
    from flows.report import report

    state = report(return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "Skipped")
    assert "nothing to report" in str(state.message)
    plan = begin(settings, "ann")
    shown = f"""
        INSERT INTO recommendation_exposure
            (request_id, experiment, salt, user_id, arm, snapshot_id, shown_at, post_ids, sources, propensities)
        SELECT gen_random_uuid(), '{plan.name}', '{plan.salt}', id, CASE WHEN id % 2 = 0 THEN 'test' ELSE 'control' END,
            '{trained[0].id}', now()::timestamp - interval '5 hours', ARRAY[1], ARRAY['trending'], ARRAY[1.0]
        FROM "user";
        INSERT INTO feed_action VALUES (1, 2, 'view', now()::timestamp)
    """  # the view shows that the hour in which the posts could have been liked is over
    with closing(psycopg2.connect(network)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(shown)
    assert report(return_state=True).name == "Completed"
    first = read_report(settings, plan.name)
    assert first.users == {"control": 20, "test": 20}
    assert first.changes[0].author == "ann"
    assert first.verdict.decision == "do not believe it"  # nobody viewed anything
    assert report(return_state=True).name == "Completed"
    assert replace(read_report(settings, plan.name), made_at=first.made_at) == first
    assert first.verdict.sentence in read_page(settings, plan.name).decode()
    told = [str(artifact.data) for artifact in client.read_artifacts() if artifact.key == "experiment"]
    assert [text.splitlines()[0] for text in told] == [f"# {first.verdict.sentence}"] * 2


def test_cleanup_deletes_only_when_it_is_told_to(prefect: Prefect, settings: Settings) -> None:
    from flows.cleanup import cleanup

    spilled = settings.spill_folder / "duckdb_temp_storage.tmp"
    spilled.parent.mkdir(exist_ok=True)
    spilled.touch()
    month_ago = (datetime.now(UTC) - timedelta(days=30)).timestamp()
    os.utime(spilled, (month_ago, month_ago))
    assert "spill/duckdb_temp_storage.tmp" in cleanup(older_than_days=29)
    assert spilled.exists()
    assert "spill/duckdb_temp_storage.tmp" not in cleanup(older_than_days=31, dry_run=False)
    assert "spill/duckdb_temp_storage.tmp" in cleanup(older_than_days=29, dry_run=False)
    assert not spilled.exists()
    assert len(list_snapshots(settings)) <= settings.snapshots_kept


def test_a_pair_that_the_gate_refuses_is_told_and_not_served(
    trained: tuple[Snapshot, str], client: "SyncPrefectClient", settings: Settings, network: str
) -> None:
    from flows.retrain import retrain

    before = current(settings)
    with closing(psycopg2.connect(network)) as connection, connection, connection.cursor() as cursor:
        cursor.execute('UPDATE "user" SET age = NULL')
    state = retrain(return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "NotPromoted")
    assert f"{before.id} stands: share of nulls in profile_age" in str(state.message)
    assert current(settings) == before
    (refused,) = refused_ids(settings)
    assert refused in str(state.message)
    artifacts = [str(artifact.data) for artifact in client.read_artifacts() if artifact.key == "gate"]
    assert [text.splitlines()[0] for text in artifacts].count("# Not promoted") == 1
    assert any("- share of nulls in profile_age: 1.0000 is over 0.99" in text for text in artifacts)


def test_parameters_have_bounds(client: "SyncPrefectClient") -> None:
    from prefect.exceptions import PrefectHTTPStatusError

    weekly = client.read_deployment_by_name("cleanup/weekly")
    assert weekly.parameters == {"dry_run": False}
    with pytest.raises(PrefectHTTPStatusError, match="keep"):
        client.create_flow_run_from_deployment(weekly.id, parameters={"keep": 0})


def test_following_a_run_that_fails_tells_its_error(client: "SyncPrefectClient") -> None:
    from prefect import flow

    from feedrank.follow import follow

    @flow
    def broken() -> None:
        raise FeedrankError("the disk is full")

    run = broken(return_state=True).state_details.flow_run_id
    assert run is not None
    with pytest.raises(RunFailed, match="the disk is full"):
        follow(client, client.read_flow_run(run), Console(file=io.StringIO()), lambda: None)


def test_what_a_killed_server_left_open_is_closed(client: "SyncPrefectClient", settings: Settings) -> None:
    from prefect.client.schemas.objects import StateType
    from prefect.states import Running

    from feedrank.checks.prefect import check_prefect
    from feedrank.prefect_client import release_leftover_runs

    deployment = client.read_deployment_by_name("ingest/on-demand")
    left = client.create_flow_run_from_deployment(deployment.id, state=Running())
    client.set_flow_run_state(left.id, Running(), force=True)
    assert [finding.level for finding in check_prefect(settings)] == ["ok"]  # it may be about to get its process
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    client.update_flow_run(left.id, infrastructure_pid=str(ended.pid))
    [finding] = check_prefect(settings)
    assert (finding.level, str(left.id) in (finding.remedy or "")) == ("wrong", True)
    release_leftover_runs(client)
    assert client.read_flow_run(left.id).state_type is StateType.CRASHED


def test_a_run_that_falls_silent_is_ended_by_the_server_and_one_that_has_ended_is_not(
    client: "SyncPrefectClient",
) -> None:
    from prefect.client.schemas.objects import StateType
    from prefect.states import Completed, Running

    from feedrank.zombies import NAME, SIGN_OF_LIFE, install_zombie_automation

    deployment = client.read_deployment_by_name("ingest/on-demand")
    for _ in range(2):  # a second set-up changes the one that is there
        install_zombie_automation(client, timedelta(seconds=10))
    assert len(client.read_automations_by_name(NAME)) == 1
    silent, ended = (client.create_flow_run_from_deployment(deployment.id, state=Running()).id for _ in range(2))
    for run in (silent, ended):
        client.set_flow_run_state(run, Running(), force=True)
    now = datetime.now(UTC).isoformat()
    alive = [
        {
            "id": str(uuid4()),
            "occurred": now,
            "event": SIGN_OF_LIFE,
            "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"},
        }
        for run in (silent, ended)
    ]
    client.request("POST", "/events", json=alive).raise_for_status()
    client.set_flow_run_state(ended, Completed(name="NotPromoted"), force=True)
    eventually(lambda: client.read_flow_run(silent).state_type is StateType.CRASHED)
    assert client.read_flow_run(ended).state_type is StateType.COMPLETED
    install_zombie_automation(client)


def test_nothing_that_runs_have_written_tells_the_source_s_password(
    trained: tuple[Snapshot, str], settings: Settings, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all that this folder's tests have done, with failures of PostgreSQL besides."""
    from flows import ingest, tasks

    assert PASSWORD in network
    monkeypatch.setattr(ingest, "copy_tables", tasks.copy_tables.with_options(retries=0))
    for failing in (network.replace("127.0.0.1", "127.0.0.1:1,127.0.0.1"), network + "_gone", f"{network}?sslmode=x"):
        monkeypatch.setenv("FEEDRANK_SOURCE__DSN", failing)
        state = ingest.ingest(return_state=True)
        assert state.type.value == "FAILED", failing
        assert PASSWORD not in str(state.message)
    written = [file for file in settings.home.rglob("*") if file.is_file()]
    read = {file.name: file.read_bytes() for file in written}
    assert {"manifest.json", "report.html", "prefect-worker.log", "prefect.db", "warehouse.duckdb"} <= read.keys()
    assert [file for file in written if PASSWORD.encode() in file.read_bytes()] == []
    assert PASSWORD not in trained[1]
