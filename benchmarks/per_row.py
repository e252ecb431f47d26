"""What every stage costs by the event, user and post, to be multiplied: processor time, and bytes of what stays.

Three simulated networks, of which the second has four times the events of the first and the third four times the users;
what they differ by is what the rows cost. Processor time of all threads, not the clock's: it is the same on a busy
machine, nearly. Embedding is left out, as each text is embedded once (`make bench-embedding`).
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.postgres import temporary_postgres
from benchmarks.report import Row, report
from core.settings import Settings
from features.daily import rebuild_daily
from features.posts import Posts
from ranking import pipeline
from ranking.pipeline import Inputs
from simulation.postgres import write_world
from simulation.settings import WorldSettings
from simulation.world import simulate
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.snapshots import draft, publish

POSTS = 1_000
WIDTH = 384  # of the transformer's vectors
ENDS_AT = datetime(2026, 1, 1)
# users, events
FEW, MORE_EVENTS, MORE_USERS = (5_000, 300_000), (5_000, 1_200_000), (20_000, 1_200_000)


def main() -> int:
    few, events, users = (_measure(*size) for size in (FEW, MORE_EVENTS, MORE_USERS))
    rows = [Row(f"1,200,000 events of 20,000 users: {name}", value, unit) for (name, unit), value in users.items()]
    for (name, unit), value in events.items():
        by_event = (value - few[name, unit]) / (MORE_EVENTS[1] - FEW[1])
        by_user = (users[name, unit] - value) / (MORE_USERS[0] - MORE_EVENTS[0])
        scale, small = (1, "bytes") if unit == "bytes" else (1e6, "µs of a core")
        rows += [Row(f"{name}: an event", by_event * scale, small), Row(f"{name}: a user", by_user * scale, small)]
    return not report("per_row", rows)


def _measure(users: int, events: int) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        started = time.process_time()
        yield
        found[name, "s of a core"] = time.process_time() - started

    with temporary_postgres() as dsn, tempfile.TemporaryDirectory(prefix="feedrank-bench-") as folder:
        settings = Settings.model_validate({"home": Path(folder), "source": {"dsn": dsn}, "gate": {"enabled": False}})
        world = WorldSettings(users, POSTS, 60, events, 0, ends_at=ENDS_AT)
        write_world(simulate(world), dsn)
        with stage("copy"):
            copy_source(settings, "first")
        with connect(settings) as warehouse, draft(settings) as path:
            with stage("daily aggregates"):
                rebuild_daily(warehouse)
            inputs = _inputs(Posts.load(warehouse))
            with stage("judging"):
                judgement = pipeline.judge(warehouse, inputs, settings)
            with stage("training and writing"), _apart(stage, "write_tables"):
                manifest = pipeline.retrain(warehouse, inputs, judgement, path, settings)
            with stage("hashing"):
                snapshot = publish(settings, path, manifest)
        found["training", "s of a core"] = (
            found.pop(("training and writing", "s of a core")) - found["write_tables", "s of a core"]
        )
        found["warehouse", "bytes"] = settings.warehouse_file.stat().st_size
        for name, entry in snapshot.manifest.files.items():
            kind = name if name in {"features.duckdb", "state.safetensors"} else "other files"
            kind = "candidates" if name.endswith("candidates.safetensors") else kind
            found[kind, "bytes"] = found.get((kind, "bytes"), 0.0) + entry.bytes
    return found


@contextmanager
def _apart(stage: object, name: str) -> Iterator[None]:
    whole = getattr(pipeline, name)

    def measured(*arguments: object, **named: object) -> None:
        with stage(name):  # type: ignore[operator]
            whole(*arguments, **named)

    with patch.object(pipeline, name, measured):
        yield


def _inputs(posts: Posts) -> Inputs:
    """Embeddings that are drawn: what they say does not matter here."""
    vectors: NDArray[np.float32] = np.random.default_rng(0).normal(size=(POSTS, WIDTH)).astype(np.float32)
    return Inputs(posts, vectors, ENDS_AT, ENDS_AT.date())


if __name__ == "__main__":
    sys.exit(main())
