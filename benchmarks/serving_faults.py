"""Does any request fail, or any exposure get lost, while everything around the API breaks?

Under load: 100 hot reloads between two snapshots; PostgreSQL stopped for a minute and started again; a worker killed.
Every answer carries its request's id, and at the end each of them has to be in `recommendation_exposure`, once. A
kill loses its worker's connections and the requests on them, which are told and may not be more than there were
connections; every later request has to be answered.
"""

import argparse
import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psycopg2
from numpy.typing import NDArray

from benchmarks.course_network import Size
from benchmarks.course_size import publish_course_size
from benchmarks.load import Load, start_load
from benchmarks.postgres import TemporaryServer, temporary_server
from benchmarks.report import Row, report
from benchmarks.servers import Server, our_api
from benchmarks.serving import POSTGRES, prepared_home, user_ids
from core.settings import Settings
from warehouse.snapshots import current, list_snapshots, promote

CONNECTIONS = 16
SIZE = Size(20_000, 7_023, 1_000_000)  # what breaks does not depend on the number of users, and so it is there sooner
DRAIN_LIMIT = 30.0  # seconds for exposures to reach PostgreSQL
ACKNOWLEDGED = 1.0  # seconds after which an exposure must outlive its process
SETTLE = 5.0  # seconds of load before and after whatever is done under it
RELOAD_LIMIT = 30.0  # seconds for all workers to serve another snapshot
LOOKS = 12  # answers in a row that have to come from it: each is of one worker by chance
LONGEST = 3_600.0  # seconds of load, if nothing ends it


def main() -> bool:
    """Break things and report; True when every bound holds."""
    options = _options()
    size = Size(options.users, options.posts, options.likes)
    with temporary_server(POSTGRES) as postgres, prepared_home(options.home, postgres.dsn, size) as settings:
        if len(list_snapshots(settings)) < 2:
            publish_course_size(settings, Size(size.users, size.posts, size.likes, seed=1))
        users = user_ids(settings)
        with our_api(settings.home, postgres.dsn, workers=2, reload_interval="PT0.1S") as server:
            rows = _reloads(server, settings, users, options)
            rows += _without_postgres(server, postgres, users, options)
            rows += _killed(server, postgres, users)
    return report("serving_faults", rows)


def _reloads(server: Server, settings: Settings, users: NDArray[np.int64], options: argparse.Namespace) -> list[Row]:
    seen = 0

    def switch() -> None:
        nonlocal seen
        one, other = sorted((snapshot.id for snapshot in list_snapshots(settings)[:2]), key=current(settings).id.__eq__)
        for turn in range(options.reloads):
            wanted = (one, other)[turn % 2]
            promote(settings, wanted, by="benchmark")
            seen += _everybody_serves(server.port, wanted)

    load = _under_load(server, users, switch)
    return [
        Row("hot reloads under load", seen, "reloads", f"== {options.reloads}"),
        Row("answered meanwhile", len(load.latencies), "requests"),
        Row("p99 meanwhile", load.percentile(99), "ms"),
        Row("failed requests during reloads", load.outcome.failed, "requests", "== 0"),
    ]


def _without_postgres(
    server: Server, postgres: TemporaryServer, users: NDArray[np.int64], options: argparse.Namespace
) -> list[Row]:
    def stop_and_start() -> None:
        postgres.stop()
        time.sleep(options.away)
        postgres.start()

    load = _under_load(server, users, stop_and_start)
    kept, twice = _recorded(postgres.dsn, load.request_ids)
    return [
        Row("PostgreSQL away", options.away, "s"),
        Row("answered meanwhile", len(load.request_ids), "requests"),
        Row("failed requests while PostgreSQL was away", load.outcome.failed, "requests", "== 0"),
        Row("answers without an exposure", len(load.request_ids) - kept, "answers", "== 0"),
        Row("exposures written twice", twice, "exposures", "== 0"),
    ]


def _killed(server: Server, postgres: TemporaryServer, users: NDArray[np.int64]) -> list[Row]:
    killed_at = 0.0

    def kill() -> None:
        nonlocal killed_at
        killed_at = time.perf_counter()
        busiest = int(np.argmax(server.connections()))
        os.kill(server.workers[busiest].pid, signal.SIGKILL)

    load = _under_load(server, users, kill)
    # those of the last second before the kill may be lost with the process
    safe = int(np.searchsorted(load.ended, killed_at - ACKNOWLEDGED))
    kept, _ = _recorded(postgres.dsn, load.request_ids[:safe])
    return [
        Row("requests cut off by the kill of a worker", load.outcome.failed, "requests", f"<= {CONNECTIONS}"),
        Row(
            "answered later than a second after the kill",
            int((load.ended > killed_at + 1).sum()),
            "requests",
            "> 0",
        ),
        Row("answers older than a second at the kill, lost", safe - kept, "answers", "== 0"),
    ]


def _everybody_serves(port: int, wanted: str) -> bool:
    """Wait until all workers answer from a snapshot."""
    deadline, agreeing = time.monotonic() + RELOAD_LIMIT, 0
    while agreeing < LOOKS and time.monotonic() < deadline:
        # each on a connection of its own, which any worker may take
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/snapshot", timeout=5) as answer:
            same = json.load(answer)["id"] == wanted
        agreeing = agreeing + 1 if same else 0
        if not same:
            time.sleep(0.05)
    return agreeing == LOOKS


def _under_load(server: Server, users: NDArray[np.int64], action: Callable[[], None]) -> Load:
    """Do something while requests go on, from before its start until after its end."""
    load = start_load(server.port, users, connections=CONNECTIONS, seconds=LONGEST, warm_up=0, request_ids=True)
    try:
        time.sleep(SETTLE)
        action()
        time.sleep(SETTLE)
    finally:
        measured = load.stop()
    for failure in measured.outcome.failures:
        print("failed:", failure)
    return measured


def _recorded(dsn: str, request_ids: list[str]) -> tuple[int, int]:
    """How many of the requests have an exposure, once everything has had time to arrive, and how many have several."""
    deadline = time.monotonic() + DRAIN_LIMIT
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                """
                SELECT count(DISTINCT request_id), count(*) FROM recommendation_exposure
                WHERE request_id = ANY(%s::uuid[])
                """,
                [request_ids],
            )
            kept, rows = cursor.fetchone() or (0, 0)
            if kept == len(request_ids) or time.monotonic() > deadline:
                break
            time.sleep(0.5)
    connection.close()
    return kept, rows - kept


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=SIZE.users)
    parser.add_argument("--posts", type=int, default=SIZE.posts)
    parser.add_argument("--likes", type=int, default=SIZE.likes)
    parser.add_argument("--reloads", type=int, default=100)
    parser.add_argument("--away", type=float, default=60.0, help="seconds without PostgreSQL")
    parser.add_argument("--home", type=Path, default=None, help="keep the snapshots here, and use those that are here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(not main())
