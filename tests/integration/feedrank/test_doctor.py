"""The doctor on a set-up where nothing is wrong, and on each kind of broken one."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.errors import SnapshotNotFound
from core.settings import ApiSettings, DoctorSettings, Settings
from feedrank import cli
from feedrank.checks import disk
from feedrank.checks.finding import Finding, spoken
from feedrank.doctor import findings
from tests.integration.api.process import eventually, free_port, running
from tests.integration.small_network import Network
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.lock import warehouse_lock
from warehouse.runs import record_run
from warehouse.snapshots import current

INDEX = "CREATE INDEX ON feed_action (time)"
FRESH = "INSERT INTO feed_action SELECT 1, 1, 'view', now() AT TIME ZONE 'UTC'"


@pytest.fixture
def healthy(network: Network, monkeypatch: pytest.MonkeyPatch) -> Network:
    """A network whose events are fresh and indexed; nobody serves it."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    network.execute(f"{INDEX}; {FRESH}")
    api = ApiSettings(port=free_port())
    return Network(network.dsn, network.settings.model_copy(update={"api": api}))


def seen(settings: Settings) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings(settings)}


def one(settings: Settings, what: str) -> Finding:
    """What was found of one subject, after a look that none of the others broke off."""
    found = seen(settings)
    assert not any("cannot be looked at" in finding.seen for finding in found.values())
    return found[what]


def test_nothing_is_wrong_with_a_healthy_set_up(
    healthy: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = healthy.settings
    with running(settings) as service:
        eventually(lambda: service.answers("/health/ready", 200))
        there = settings.model_copy(update={"api": ApiSettings(port=int(service.url.rpartition(":")[2]))})
        found = seen(there)
        assert {what: finding.level for what, finding in found.items()} == {
            **dict.fromkeys(("source", "source index", "source events", "warehouse lock", "last runs", "copy"), "ok"),
            **dict.fromkeys(("snapshot", "exposure spool", "disk", "API access", "API"), "ok"),
            "Prefect": "warning",  # nobody has started a server for it
        }
        assert "feedrank up" in (found["Prefect"].remedy or "")
        monkeypatch.setenv("FEEDRANK_HOME", str(settings.home))
        monkeypatch.setenv("FEEDRANK_SOURCE__DSN", healthy.dsn)
        monkeypatch.setenv("FEEDRANK_API__PORT", str(there.api.port))
        assert said(["doctor", "--json"], monkeypatch) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["what"] for line in lines] == list(found)
    assert said(["doctor"], monkeypatch) == 1  # the service is gone
    assert "wrong   API" in capsys.readouterr().out


def said(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr("sys.argv", ["feedrank", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_a_source_that_is_away_is_told_without_its_password(healthy: Network) -> None:
    source = healthy.settings.source.model_copy(update={"dsn": "postgresql://me:s3cret@127.0.0.1:1/none"})
    away = Settings.model_validate({"home": healthy.settings.home, "source": source.model_dump(), "api": {"port": 1}})
    found = one(away, "source")
    assert found.level == "wrong"
    assert "127.0.0.1" in found.seen
    assert "s3cret" not in str(seen(away))


def test_a_column_that_is_gone_and_a_mapping_that_is_missing_are_told(healthy: Network) -> None:
    healthy.execute("ALTER TABLE feed_action RENAME COLUMN action TO what")
    assert "'action'" in one(healthy.settings, "source").seen
    nowhere = Settings(home=healthy.settings.home, api=healthy.settings.api)
    assert "FEEDRANK_SOURCE__DSN" in (one(nowhere, "source").remedy or "")


def test_a_missing_index_comes_with_the_statement_that_makes_it(network: Network) -> None:
    found = one(network.settings, "source index")
    assert found.level == "warning"
    assert found.remedy == 'CREATE INDEX CONCURRENTLY ON "public"."feed_action" ("time");'
    network.execute("CREATE INDEX ON feed_action (user_id, time)")
    network.execute("CREATE INDEX ON feed_action (time) WHERE action = 'like'")
    assert one(network.settings, "source index").level == "warning"
    network.execute(found.remedy.replace("CONCURRENTLY", ""))
    assert one(network.settings, "source index").level == "ok"


@pytest.mark.parametrize(
    ("statement", "level", "told"),
    [
        ("DELETE FROM feed_action", "wrong", "none"),
        ("UPDATE feed_action SET time = now() - interval '3 days'", "warning", "3 days old"),
        ("UPDATE feed_action SET time = now() + interval '3 hours'", "warning", "3 hours in the future"),
    ],
)
def test_events_are_missing_old_or_of_tomorrow(healthy: Network, statement: str, level: str, told: str) -> None:
    healthy.execute(statement)
    found = one(healthy.settings, "source events")
    assert (found.level, told in found.seen) == (level, True)


def test_whoever_holds_the_warehouse_is_named(healthy: Network) -> None:
    with warehouse_lock(healthy.settings, "retrain/nightly"):
        found = one(healthy.settings, "warehouse lock")
        assert "'retrain/nightly' (process" in found.seen
        assert "since 20" in found.seen
    assert one(healthy.settings, "warehouse lock").seen == "free"


def test_a_run_that_failed_is_told_until_one_succeeds(healthy: Network) -> None:
    for status, level in (("failed", "warning"), ("succeeded", "ok")):
        with connect(healthy.settings) as warehouse:
            warehouse.execute("DELETE FROM meta.runs")
            record_run(warehouse, uuid4().hex, "copy", datetime.now(UTC), status, {"error": "no route"})
        found = one(healthy.settings, "last runs")
        assert (found.level, status in found.seen) == (level, True)
        assert ("no route" in found.seen) == (status == "failed")


def test_days_that_differ_from_the_source_are_told_until_they_are_repaired(healthy: Network) -> None:
    healthy.execute("DELETE FROM feed_action WHERE user_id = 3 AND time < timestamp '2025-01-03'")
    copy_source(healthy.settings, uuid4().hex, reconcile="all")
    found = one(healthy.settings, "copy")
    assert found.level == "warning"
    assert "2 days from 2025-01-01 to 2025-01-02 differ from the source: 0 events missing, 4 too many" in found.seen
    assert "repair=true" in (found.remedy or "")
    copy_source(healthy.settings, uuid4().hex, reconcile="repair")
    assert one(healthy.settings, "copy").level == "ok"


def test_a_snapshot_is_missing_damaged_of_another_version_or_old(healthy: Network) -> None:
    settings = healthy.settings
    old = settings.model_copy(update={"doctor": DoctorSettings(snapshot_age=timedelta(microseconds=1))})
    assert one(old, "snapshot").level == "warning"
    manifest = current(settings).folder / "manifest.json"
    content = manifest.read_text()
    manifest.write_text(content.replace('"schema_version": ', '"schema_version": 9'))
    assert "schema version 9" in one(settings, "snapshot").seen
    manifest.write_text(content)
    (current(settings).folder / "control.cbm").write_bytes(b"")
    assert (one(settings, "snapshot").level, "control.cbm" in one(settings, "snapshot").seen) == ("wrong", True)
    shutil.rmtree(settings.snapshots_folder)
    found = one(settings, "snapshot")
    assert found.level == "wrong"
    assert "retrain/nightly" in (found.remedy or "")
    with pytest.raises(SnapshotNotFound):
        current(settings)


def test_exposures_that_wait_too_long_and_damaged_ones_are_told(healthy: Network) -> None:
    settings = healthy.settings
    settings.exposure_spool.mkdir(parents=True)
    begun = int((datetime.now(UTC) - timedelta(hours=5)).timestamp() * 1e9)
    segment = settings.exposure_spool / f"{begun:020}-17.jsonl"
    segment.touch()
    assert one(settings, "exposure spool").seen == "nothing waits"
    segment.write_text("{}\n")
    found = one(settings, "exposure spool")
    assert (found.level, found.seen) == ("warning", "1 segments wait, the oldest for 5 hours")
    segment.rename(segment.with_suffix(".damaged"))
    assert str(segment.with_suffix(".damaged")) in next(disk.check_spool(settings).__iter__()).seen


def test_a_full_disk_is_told(healthy: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, level in ((10 << 20, "wrong"), (disk.LEAST + 1, "warning"), (1 << 50, "ok")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: shutil._ntuple_diskusage(0, 0, free))  # type: ignore[attr-defined]
        assert one(healthy.settings, "disk").level == level


def test_a_prefect_that_does_not_answer_is_told_with_its_address(healthy: Network) -> None:
    (healthy.settings.home / "prefect.env").write_text("PREFECT_API_URL=http://127.0.0.1:1/api\n")
    found = one(healthy.settings, "Prefect")
    assert (found.level, "http://127.0.0.1:1/api" in found.seen) == ("warning", True)


def test_an_api_that_refuses_what_is_current_is_told(healthy: Network) -> None:
    settings = healthy.settings
    with running(settings) as service:
        eventually(lambda: service.answers("/health/ready", 200))
        there = settings.model_copy(update={"api": ApiSettings(port=int(service.url.rpartition(":")[2]))})
        served = current(settings)
        copy = settings.snapshots_folder / f"29991231T235959Z-{served.id.rpartition('-')[2]}"
        shutil.copytree(served.folder, copy)
        link = settings.snapshots_folder / "current"
        link.unlink()
        link.symlink_to(copy.name)
        eventually(lambda: service.client.get("/health/ready").json()["refused"] is not None)
        found = one(there, "API")
    assert found.level == "wrong"
    assert served.id in found.seen
    assert copy.name in found.seen


@pytest.mark.parametrize(
    ("span", "told"),
    [(timedelta(seconds=90), "90 seconds"), (timedelta(hours=1), "60 minutes"), (timedelta(days=3), "3 days")],
)
def test_spans_are_told_in_one_unit(span: timedelta, told: str) -> None:
    assert spoken(span) == told
