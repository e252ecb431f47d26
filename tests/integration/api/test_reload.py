"""A newly published snapshot replaces the one served; a damaged one does not. Over real HTTP where processes matter."""

import gc
import logging
import shutil
import weakref
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from prometheus_client import REGISTRY

from api.engine import Engine
from core.settings import ApiSettings, Settings
from tests.integration.api.process import eventually, running
from tests.integration.publish_again import publish_again
from warehouse.snapshots import Snapshot, promote, rollback


def flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_a_request_under_way_keeps_its_snapshot_and_the_last_one_frees_it(home: Settings) -> None:
    engine = Engine(home)
    engine.refresh()
    under_way = engine.serving
    newer = publish_again(home)
    engine.refresh()
    assert engine.serving.snapshot.id == newer.id
    assert under_way.rows("SELECT count(*) AS users FROM users")[0]["users"] > 0
    freed = weakref.ref(under_way.database)
    del under_way
    gc.collect()
    assert freed() is None


def test_a_damaged_snapshot_is_refused_once_and_the_one_before_goes_on(
    home: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine(home)
    engine.refresh()
    standing = engine.serving
    damaged = publish_again(home)
    flip_a_byte(damaged.folder / "control.cbm")
    for _ in range(3):
        engine.refresh()
    assert engine.serving is standing
    assert engine.refused is not None
    assert engine.refused.snapshot == damaged.id
    assert "control.cbm" in engine.refused.reason
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1


def refusals(reason: str) -> float:
    return REGISTRY.get_sample_value("feedrank_snapshot_refusals_total", {"reason": reason}) or 0


def test_what_is_refused_is_counted_by_its_reason(home: Settings) -> None:
    engine = Engine(home)
    engine.refresh()
    before = {reason: refusals(reason) for reason in ("version", "damaged", "gone")}
    other = publish_again(home).folder / "manifest.json"
    other.write_text(other.read_text().replace('"schema_version": ', '"schema_version": 9'))
    engine.refresh()
    assert engine.refused is not None
    assert "schema version 9" in engine.refused.reason
    flip_a_byte(publish_again_as_before(home, engine).folder / "features.duckdb")
    engine.refresh()
    shutil.rmtree(publish_again_as_before(home, engine).folder)
    engine.refresh()
    assert {reason: refusals(reason) - count for reason, count in before.items()} == dict.fromkeys(before, 1)


def publish_again_as_before(home: Settings, engine: Engine) -> Snapshot:
    """Publish again what is served, whatever has been published since."""
    rollback(home, engine.serving.snapshot.id)
    return publish_again(home)


def test_one_that_takes_too_long_is_refused_unless_there_is_no_other(
    home: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    hasty = home.model_copy(update={"api": ApiSettings(warm_up_limit=timedelta(microseconds=1))})
    engine = Engine(hasty)
    engine.refresh()
    standing = engine.serving
    assert "served all the same" in caplog.text
    before = refusals("slow")
    newer = publish_again(home)
    engine.refresh()
    engine.refresh()
    assert engine.serving is standing
    assert engine.refused is not None
    assert engine.refused.snapshot == newer.id
    assert "api.warm_up_limit" in engine.refused.reason
    assert refusals("slow") == before + 1


def test_thirty_reloads_leave_one_snapshot_and_no_file_behind(home: Settings) -> None:
    engine = Engine(home)
    engine.refresh()
    both = [engine.serving.snapshot.id, publish_again(home).id]
    engine.refresh()
    first = [weakref.ref(engine.serving), weakref.ref(engine.serving.recommender.state)]
    process = psutil.Process()
    files, maps = process.num_fds(), len(process.memory_maps(grouped=False))
    for number in range(30):
        under_way = engine.serving
        promote(home, both[number % 2], by="test")
        engine.refresh()
        assert engine.serving.snapshot.id == both[number % 2]
        assert engine.held == 2
        del under_way
        assert engine.held == 1  # at once, without waiting for the garbage collector
    assert [reference() for reference in first] == [None, None]
    assert process.num_fds() <= files
    assert len(process.memory_maps(grouped=False)) < maps + 30


def test_after_a_roll_back_nothing_is_refused_any_more(home: Settings) -> None:
    engine = Engine(home)
    engine.refresh()
    flip_a_byte(publish_again(home).folder / "features.duckdb")
    engine.refresh()
    rollback(home, engine.serving.snapshot.id)
    engine.refresh()
    assert engine.refused is None


def test_a_service_follows_what_is_published(home: Settings) -> None:
    (home.snapshots_folder / "current").rename(home.snapshots_folder / "kept")
    with running(home) as service:
        client = service.client
        assert client.get("/health/ready").status_code == 503
        assert client.get("/post/recommendations/?id=1").status_code == 503

        (home.snapshots_folder / "kept").rename(home.snapshots_folder / "current")
        eventually(lambda: service.answers("/health/ready", 200))
        before = client.get("/post/recommendations/?id=1&time=2021-12-20T00:00:00").json()

        newer = publish_again(home)
        eventually(lambda: client.get("/snapshot").json()["id"] == newer.id)
        assert client.get("/post/recommendations/?id=1&time=2021-12-20T00:00:00").json() == before

        flip_a_byte(publish_again(home).folder / "test.cbm")
        eventually(lambda: client.get("/health/ready").json()["refused"] is not None)
        assert client.get("/snapshot").json()["id"] == newer.id
        assert client.get("/post/recommendations/?id=1&time=2021-12-20T00:00:00").json() == before
