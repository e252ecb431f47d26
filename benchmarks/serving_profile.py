"""Where does the time of a recommendation go?

Runs requests through the whole ASGI application in this process, without a socket, under cProfile, and prints the
functions that took most time themselves. `--home` takes a home with a snapshot; without it one of the course's size is
made. What is measured is the proportions: the profiler slows small functions most.
"""

import argparse
import asyncio
import cProfile
import pstats
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from litestar import Litestar

from api.app import create_app
from benchmarks.course_network import Size
from benchmarks.postgres import temporary_postgres
from benchmarks.serving import prepared_home, user_ids

WARM_UP = 100
SHOWN = 25


def main() -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--requests", type=int, default=2_000)
    options = parser.parse_args()
    with temporary_postgres() as dsn, prepared_home(options.home, dsn, Size()) as settings:
        users = np.random.default_rng(0).permutation(user_ids(settings))[: options.requests + WARM_UP]
        asyncio.run(_profile(create_app(settings), users.tolist()))


async def _profile(app: Litestar, users: list[int]) -> None:
    async with app.lifespan():
        for user in users[:WARM_UP]:
            await _ask(app, user)
        latencies = []
        for user in users[WARM_UP:]:
            started = time.perf_counter()
            await _ask(app, user)
            latencies.append(time.perf_counter() - started)
        profile = cProfile.Profile()
        with profile:
            for user in users[WARM_UP:]:
                await _ask(app, user)
    p50, p99 = np.percentile(latencies, [50, 99]) * 1000
    print(f"without the profiler: p50 {p50:.2f} ms, p99 {p99:.2f} ms over {len(latencies)} requests")
    pstats.Stats(profile, stream=sys.stdout).strip_dirs().sort_stats("tottime").print_stats(SHOWN)


async def _ask(app: Litestar, user: int) -> None:
    """One request as a server would hand it to the application."""
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/post/recommendations",
        "raw_path": b"/post/recommendations",
        "root_path": "",
        "query_string": f"id={user}&limit=5".encode(),
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    if statuses != [200]:
        raise RuntimeError(f"user {user} was answered {statuses}")


if __name__ == "__main__":
    main()
