"""Does memory stay what it is over ten minutes of load?

Two workers, 16 connections, every user in turn; the memory of each worker (proportional set size) is looked at every
five seconds. What the last minute takes is held against the first: the bound is for the worker that grew most.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.course_network import Size
from benchmarks.load import start_load
from benchmarks.postgres import temporary_postgres
from benchmarks.report import Row, report
from benchmarks.servers import our_api
from benchmarks.serving import POSTGRES, prepared_home, user_ids

LOOK_EVERY = 5.0  # seconds


def main() -> bool:
    """Load, look and report; True when every bound holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--home", type=Path, default=None)
    options = parser.parse_args()
    with temporary_postgres(POSTGRES) as dsn, prepared_home(options.home, dsn, Size()) as settings:
        users = user_ids(settings)
        with our_api(settings.home, dsn, workers=2) as server:
            load = start_load(server.port, users, connections=16, seconds=options.minutes * 60)
            times, sizes, started = [], [], time.perf_counter()
            while load.process.poll() is None:
                times.append(time.perf_counter() - started)
                sizes.append([pss for pss, _ in server.memory()])
                time.sleep(LOOK_EVERY)
            measured = load.result()
    by_worker, at = np.array(sizes), np.array(times)
    minute = min(60.0, at[-1] / 4)
    # the first minute's end: until then caches fill
    first = by_worker[(at >= minute / 2) & (at <= minute)].mean(axis=0)
    last = by_worker[at >= at[-1] - minute].mean(axis=0)
    return report(
        "serving_memory",
        [
            Row("load", options.minutes, "minutes"),
            Row("answered", len(measured.latencies), "requests"),
            Row("failed", measured.outcome.failed, "requests", "== 0"),
            Row("largest worker, first minute", float(first.max()), "MiB"),
            Row("largest worker, last minute", float(last.max()), "MiB"),
            Row("last / first minute, worker that grew most", float((last / first).max()), "ratio", "<= 1.05"),
        ],
    )


if __name__ == "__main__":
    sys.exit(not main())
