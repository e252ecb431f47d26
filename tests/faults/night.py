"""A night's run, stage by stage, in a process that can be killed at any of its effects.

An effect is whatever could be half done: a file opened for writing, renamed, linked or removed, a folder made, a
statement that DuckDB is given. An undisturbed run writes down when it came to each; a run that is to die tells its
parent when it is there, and either waits for the end or goes on until the parent strikes.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import duckdb

from core.settings import Settings
from features.daily import refresh_daily
from ranking import pipeline
from ranking.pipeline import judge, load_inputs
from tests.integration.small_network import small_settings
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.lock import warehouse_lock
from warehouse.snapshots import draft, publish, retain, rollback, standing

STAGES = ("copy", "features", "training", "publish", "retention", "rollback")
KEPT = 2  # snapshots; the network starts with so many, so a third one drives the oldest out
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
FILE_EVENTS = {
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.mkdir",
    "os.symlink",
    "os.link",
    "os.truncate",
    "shutil.rmtree",
}
STATEMENTS = ("execute", "sql", "commit", "close")
# one server of processes that have everything imported; each run is a fork of it
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.faults.night"])


class Effect(NamedTuple):
    """One effect of an undisturbed run."""

    stage: str
    at: float  # seconds


class Death(NamedTuple):
    """Where a run is killed: so many seconds after it has come to its effect of this number; at 0 just before it."""

    effect: int
    after: float


def night(settings: Settings, enter: Callable[[str], None]) -> None:
    """What the nightly flow does, and then what an operator does who does not like the result.

    Args:
        settings: of a home with a standing snapshot.
        enter: told each of `STAGES` as it begins.
    """
    with warehouse_lock(settings, "night"), ExitStack() as at_end:
        enter("copy")
        copy_source(settings, uuid4().hex)
        enter("features")
        con = at_end.enter_context(connect(settings))
        refresh_daily(con)
        inputs = load_inputs(con, settings)
        enter("training")
        judgement = judge(con, inputs, settings, standing(settings))
        folder = at_end.enter_context(draft(settings))
        manifest = pipeline.retrain(con, inputs, judgement, folder, settings)
        enter("publish")
        publish(settings, folder, manifest, by="night")
        enter("retention")
        retain(settings, KEPT, dry_run=False)
        enter("rollback")
        rollback(settings, by="an operator")


def undisturbed(dsn: str, home: Path) -> list[Effect]:
    """Run to the end; gives every effect in order."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_run, args=(dsn, home, None, theirs))
    process.start()
    theirs.close()
    effects: list[Effect] = ours.recv()
    process.join()
    assert process.exitcode == 0, "an undisturbed run failed"
    return effects


def killed(dsn: str, home: Path, death: Death) -> bool:
    """Run until `death` strikes; False if the run was over before."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_run, args=(dsn, home, death, theirs))
    process.start()
    theirs.close()
    ours.recv()  # EOFError: it failed before it came there
    time.sleep(death.after)
    process.kill()
    process.join()
    return process.exitcode != 0


def _run(dsn: str, home: Path, death: Death | None, parent: Connection) -> None:
    effects: list[Effect] = []
    stage = ""

    def effect() -> None:
        if death is not None and len(effects) == death.effect:
            parent.send("here")
            if not death.after:
                time.sleep(600)
        effects.append(Effect(stage, time.monotonic()))

    def enter(name: str) -> None:
        nonlocal stage
        stage = name

    _watch(home, effect)
    night(small_settings(dsn, home), enter)
    parent.send(effects if death is None else "over")


def _watch(home: Path, effect: Callable[[], None]) -> None:
    """Call `effect` before every effect of this process from now on."""
    ours = str(home)

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if flags & WRITING and str(path).startswith(ours):
                effect()
        elif event in FILE_EVENTS:
            effect()

    sys.addaudithook(audit)
    for name in STATEMENTS:
        _before(name, effect)


def _before(name: str, effect: Callable[[], None]) -> None:
    whole = getattr(duckdb.DuckDBPyConnection, name)

    def watched(self: duckdb.DuckDBPyConnection, *arguments: Any, **options: Any) -> Any:
        effect()
        return whole(self, *arguments, **options)

    setattr(duckdb.DuckDBPyConnection, name, watched)


def clone_home(home: Path, to: Path) -> Path:
    """The same home elsewhere."""
    shutil.copytree(home, to, symlinks=True)
    return to
