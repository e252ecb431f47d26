"""How fast is the API with everything on, beside a bare handler and beside the service of the course's recipe?

One run, one machine: PostgreSQL, a snapshot of the course's size and whoever is measured run at the same time as the
load generator, unpinned, on the cores there are. Each round meets all three services one after the other, and the
figure of each is the median of the rounds, so that a busy moment does not decide.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks import bare_handler, textbook_service
from benchmarks.course_network import ENDS_AT, Size
from benchmarks.course_size import publish_course_size
from benchmarks.course_source import fill_source
from benchmarks.load import Load, start_load
from benchmarks.overlap import overlaps
from benchmarks.picture import write_histograms
from benchmarks.postgres import temporary_postgres
from benchmarks.report import Row, report
from benchmarks.servers import Server, our_api, uvicorn_app
from core.columns import TEST
from core.settings import Settings
from ranking.recommender import ranker_file
from warehouse.snapshots import Snapshot, current

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "serving-latency.svg"
OURS, BARE, TEXTBOOK = "feedrank", "CatBoost alone", "textbook"
POSTGRES = {"shared_buffers": "256MB", "max_wal_size": "8GB", "synchronous_commit": "on"}
WHEN: datetime = ENDS_AT + timedelta(hours=12)


def main() -> bool:
    """Measure and report; True when every bound holds."""
    options = _options()
    with temporary_postgres(POSTGRES) as dsn, prepared_home(options.home, dsn, _size(options)) as settings:
        snapshot = current(settings)
        with tempfile.TemporaryDirectory(prefix="feedrank-textbook-") as models:
            textbook_service.train_models(snapshot.folder, Path(models))
            users = user_ids(settings)
            rows, latencies = _one_connection(settings, snapshot, Path(models), users, options)
        rows += _two_workers(settings, users, options)
        agreed = overlaps(snapshot.folder, options.overlap_users, WHEN)
    rows += [
        Row(f"staged top 5 in the exhaustive one, {arm}", share, "share", ">= 0.98") for arm, share in agreed.items()
    ]
    write_histograms(options.picture, "One connection, answers by latency", latencies)
    return report("serving", rows)


@contextmanager
def prepared_home(home: Path | None, dsn: str, size: Size) -> Iterator[Settings]:
    """Settings of a home with a snapshot of that size, and of a filled source; `home` keeps it for the next run."""
    with tempfile.TemporaryDirectory(prefix="feedrank-serving-") as temporary:
        settings = Settings.model_validate({"home": home or Path(temporary), "source": {"dsn": dsn}})
        if not (settings.snapshots_folder / "current").exists():
            publish_course_size(settings, size)
        fill_source(settings)
        yield settings


def user_ids(settings: Settings) -> NDArray[np.int64]:
    """Ids of all users of the current snapshot."""
    return textbook_service.load_users(current(settings).folder)["user_id"].to_numpy()


def _one_connection(
    settings: Settings,
    snapshot: Snapshot,
    models: Path,
    users: NDArray[np.int64],
    options: argparse.Namespace,
) -> tuple[list[Row], dict[str, NDArray[np.float64]]]:
    """Rows, and the latencies of all rounds by service."""
    first = f"/post/recommendations?id={users[0]}"
    environment = {
        bare_handler.RANKER: str(snapshot.folder / ranker_file(TEST)),
        "TEXTBOOK_SNAPSHOT": str(snapshot.folder),
        "TEXTBOOK_MODELS": str(models),
        "TEXTBOOK_DSN": settings.source.required_dsn(),
    }
    with (
        our_api(settings.home, settings.source.required_dsn(), workers=1) as ours,
        uvicorn_app("benchmarks.bare_handler:create_app", environment, first) as bare,
        uvicorn_app("benchmarks.textbook_service:create_app", environment, first) as textbook,
    ):
        rows = _cost(ours, "1 worker")
        rows.append(Row("start to ready, 1 worker", ours.ready_after, "s", "<= 5"))
        servers = {BARE: bare, OURS: ours, TEXTBOOK: textbook}
        loads: dict[str, list[Load]] = {name: [] for name in servers}
        for _ in range(options.rounds):
            for name, server in servers.items():
                load = start_load(server.port, users, connections=1, seconds=options.seconds)
                loads[name].append(load.result())
    p50, p99 = (
        {name: median(load.percentile(of) for load in found) for name, found in loads.items()} for of in (50, 99)
    )
    failed = sum(load.outcome.failed for found in loads.values() for load in found)
    bounds = {OURS: ("<= 1.5", "<= 5")}
    for name in servers:
        of_median, of_tail = bounds.get(name, (None, None))
        rows.append(Row(f"{name}, 1 connection, p50", p50[name], "ms", of_median))
        rows.append(Row(f"{name}, 1 connection, p99", p99[name], "ms", of_tail))
    rows += [
        Row("textbook / feedrank, p50", p50[TEXTBOOK] / p50[OURS], "ratio", ">= 40"),
        Row("feedrank / CatBoost alone, p50", p50[OURS] / p50[BARE], "ratio", "<= 2.5"),
        Row("failed requests, 1 connection", failed, "requests", "== 0"),
    ]
    return rows, {name: np.concatenate([load.latencies for load in found]) for name, found in loads.items()}


def _two_workers(settings: Settings, users: NDArray[np.int64], options: argparse.Namespace) -> list[Row]:
    with our_api(settings.home, settings.source.required_dsn(), workers=2) as server:
        running = start_load(server.port, users, connections=16, seconds=options.seconds * options.rounds, warm_up=4)
        time.sleep(5)
        busiest = max(server.connections())
        load = running.result()
        _tell_failures(load)
        return [
            Row("16 connections, 2 workers", load.rate, "requests/s", ">= 1200"),
            Row("connections of the busier worker", busiest, "of 16"),
            Row("16 connections, 2 workers, p50", load.percentile(50), "ms"),
            Row("16 connections, 2 workers, p99", load.percentile(99), "ms", "<= 40"),
            Row("failed requests, 16 connections", load.outcome.failed, "requests", "== 0"),
            *_cost(server, "2 workers, after load"),
        ]


def _cost(server: Server, when: str) -> list[Row]:
    pss, rss = (max(sizes) for sizes in zip(*server.memory(), strict=True))
    return [
        Row(f"largest worker, proportional memory, {when}", pss, "MiB", "<= 600"),
        Row(f"largest worker, resident memory, {when}", rss, "MiB"),
    ]


def _tell_failures(load: Load) -> None:
    for failure in load.outcome.failures:
        print("failed:", failure)


def _size(options: argparse.Namespace) -> Size:
    return Size(options.users, options.posts, options.likes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=Size.users)
    parser.add_argument("--posts", type=int, default=Size.posts)
    parser.add_argument("--likes", type=int, default=Size.likes)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--overlap-users", type=int, default=1_000)
    parser.add_argument("--home", type=Path, default=None, help="keep the snapshot here, and use the one that is here")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(not main())
