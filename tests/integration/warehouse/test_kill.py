"""What is left after kill -9: real processes, killed at real points."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.snapshots import current, history, list_snapshots, sweep_drafts, verify

Execute = Callable[..., None]
Everything = Callable[[], list[list[tuple[Any, ...]]]]

REPOSITORY = Path(__file__).parents[3]


@contextmanager
def process(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def said(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


COPY_AND_PAUSE = """
import sys, time
import warehouse.copy as module
from core.settings import Settings

home, dsn, step = sys.argv[1:]
whole = getattr(module, step)

def pause(*arguments, **options):
    whole(*arguments, **options)
    print("paused", flush=True)
    time.sleep(600)

setattr(module, step, pause)
settings = {"home": home, "source": {"dsn": dsn}, "warehouse": {"rejected_limit": 1}}
module.copy_source(Settings.model_validate(settings), "killed")
"""


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("step", ["copy_users", "copy_events", "record_run"])
def test_a_copy_killed_anywhere_leaves_the_rows_of_before_and_the_next_the_same_as_ever(
    settings: Settings, execute: Execute, everything: Everything, database: str, step: str
) -> None:
    copy_source(settings, "first")
    before = everything()
    execute(
        "INSERT INTO \"user\" (id) VALUES (8); INSERT INTO feed_action VALUES (8, 10, 'view', '2025-01-10 12:00'),"
        " (8, 10, 'view', '2025-01-10 13:00'), (9, 10, 'view', NULL);"
    )
    with process(COPY_AND_PAUSE, settings.home, database, step) as child:
        assert said(child) == "paused"
        child.kill()
    assert everything() == before
    copy_source(settings, "again")
    resumed = [[row[:4] for row in table] for table in everything()]
    settings.warehouse_file.unlink()
    copy_source(settings, "untroubled")
    assert [[row[:4] for row in table] for table in everything()] == resumed


@pytest.mark.usefixtures("network")
def test_a_first_copy_killed_leaves_an_empty_warehouse(
    settings: Settings, everything: Everything, database: str
) -> None:
    with process(COPY_AND_PAUSE, settings.home, database, "record_run") as child:
        assert said(child) == "paused"
        child.kill()
    connect(settings).close()
    assert everything() == [[], [], [], [], []]
    assert copy_source(settings, "again").copied == {"users": 3, "posts": 2, "events": 4}


PUBLISH_AND_DIE = """
import os, pathlib, signal, sys
from datetime import UTC, datetime
import warehouse.snapshots as module
from core.settings import Settings

home, step, text = sys.argv[1:]
where, name = (pathlib.Path, step[5:]) if step.startswith("Path.") else (module, step)
settings = Settings.model_validate({"home": home})
body = module.ManifestBody(
    watermark=datetime(2025, 1, 1), cut=datetime(2025, 1, 1, tzinfo=UTC), trained_at=datetime(2025, 1, 1, tzinfo=UTC),
    rows={}, metrics={}, settings={}, code_version="0",
)
with module.draft(settings) as folder:
    (folder / "features.duckdb").write_text(text)
    if step != "nothing":
        setattr(where, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
    module.publish(settings, folder, body)
"""


@pytest.mark.parametrize(
    ("step", "live"),
    [
        ("file_entries", "old"),
        ("write_manifest", "old"),
        ("sync_tree", "old"),
        ("Path.rename", "old"),
        ("sync", "old"),
        ("complete_history", "old"),
        ("Path.symlink_to", "old"),
        ("Path.replace", "old"),
        ("append_switch", "new"),
    ],
)
def test_a_publication_killed_anywhere_leaves_one_valid_current(tmp_path: Path, step: str, live: str) -> None:
    settings = Settings.model_validate({"home": tmp_path})

    def publish(step: str, text: str) -> int:
        command = [sys.executable, "-c", PUBLISH_AND_DIE, str(tmp_path), step, text]
        return subprocess.run(command, cwd=REPOSITORY).returncode

    assert publish("nothing", "old") == 0
    assert publish(step, "new") == -9
    verify(current(settings))
    assert (current(settings).folder / "features.duckdb").read_text() == live
    for snapshot in list_snapshots(settings):
        verify(snapshot)
    sweep_drafts(settings)
    assert list(settings.snapshots_folder.glob(".*")) == []

    assert publish("nothing", "newest") == 0
    switches = [switch.snapshot for switch in history(settings)]
    assert switches[-1] == current(settings).id
    assert len(switches) == (3 if live == "new" else 2), "what went live is written down, if only later"


HOLD = """
import sys, time
from core.settings import Settings
from warehouse.lock import warehouse_lock

with warehouse_lock(Settings.model_validate({"home": sys.argv[1]}), sys.argv[2]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_second_waits_and_takes_over_when_the_first_is_killed(tmp_path: Path) -> None:
    with process(HOLD, tmp_path, "first") as first:
        assert said(first) == "held"
        with process(HOLD, tmp_path, "second") as second:
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(0.5)
            assert '"first"' in (tmp_path / "warehouse.lock").read_text()
            first.kill()
            assert said(second) == "held"
            assert f'"owner": "second", "pid": {second.pid}' in (tmp_path / "warehouse.lock").read_text()
