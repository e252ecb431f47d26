"""A newly published snapshot replaces the one served; a damaged one does not. Over real HTTP where processes matter."""

import gc
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from api.engine import Engine
from core.settings import Settings
from warehouse.snapshots import ManifestBody, Snapshot, current, draft, publish, rollback


def publish_again(settings: Settings) -> Snapshot:
    """Publish the files of the current snapshot under a new id."""
    standing = current(settings)
    with draft(settings) as folder:
        shutil.copytree(standing.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("manifest.json"))
        body = {field: getattr(standing.manifest, field) for field in ManifestBody.__struct_fields__}
        return publish(settings, folder, ManifestBody(**body))


def flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def eventually(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


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


def test_after_a_roll_back_nothing_is_refused_any_more(home: Settings) -> None:
    engine = Engine(home)
    engine.refresh()
    flip_a_byte(publish_again(home).folder / "features.duckdb")
    engine.refresh()
    rollback(home, engine.serving.snapshot.id)
    engine.refresh()
    assert engine.refused is None


@pytest.fixture
def service(home: Settings) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """`python -m api` on a free port, over a home without a current snapshot."""
    (home.snapshots_folder / "current").rename(home.snapshots_folder / "kept")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "FEEDRANK_HOME": str(home.home),
        "FEEDRANK_API__PORT": str(port),
        "FEEDRANK_API__RELOAD_INTERVAL": "PT0.05S",
    }
    process = subprocess.Popen([sys.executable, "-m", "api"], env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            eventually(lambda: answers(client, "/health/live", 200))
            yield process, client
    finally:
        process.kill()
        process.wait()


def answers(client: httpx.Client, path: str, status: int) -> bool:
    try:
        return client.get(path).status_code == status
    except httpx.TransportError:
        return False


def test_a_service_follows_what_is_published_and_stops_when_told(
    home: Settings, service: tuple[subprocess.Popen[bytes], httpx.Client]
) -> None:
    process, client = service
    assert client.get("/health/ready").status_code == 503
    assert client.get("/post/recommendations/?id=1").status_code == 503

    (home.snapshots_folder / "kept").rename(home.snapshots_folder / "current")
    eventually(lambda: answers(client, "/health/ready", 200))
    before = client.get("/post/recommendations/?id=1&time=2021-12-20T00:00:00").json()

    newer = publish_again(home)
    eventually(lambda: client.get("/snapshot").json()["id"] == newer.id)
    assert client.get("/post/recommendations/?id=1&time=2021-12-20T00:00:00").json() == before

    flip_a_byte(publish_again(home).folder / "test.cbm")
    eventually(lambda: client.get("/health/ready").json()["refused"] is not None)
    assert client.get("/snapshot").json()["id"] == newer.id
    assert client.get("/post/recommendations/?id=1&time=2021-12-20T00:00:00").json() == before

    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) in (0, -signal.SIGTERM)
