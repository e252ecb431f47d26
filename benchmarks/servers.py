"""Starting services as their operators would, in processes of their own, and what they cost."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.postgres import free_port

START_LIMIT = 60.0  # seconds
LOOK_EVERY = 0.02  # seconds
LEAST_WORKER = 64 * 2**20  # bytes; a smaller child is Python's own helper and serves nobody


@dataclass(frozen=True)
class Server:
    """A running service."""

    process: subprocess.Popen[bytes]
    port: int
    ready_after: float  # seconds from its start to its first good answer

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that answer: its children, or itself where it has none."""
        me = psutil.Process(self.process.pid)
        children = [child for child in me.children(recursive=True) if child.memory_info().rss > LEAST_WORKER]
        return children or [me]

    def connections(self) -> list[int]:
        """Open client connections of each worker."""
        return [
            sum(
                one.status == psutil.CONN_ESTABLISHED and one.laddr.port == self.port
                for one in worker.net_connections()
            )
            for worker in self.workers
        ]

    def memory(self) -> list[tuple[float, float]]:
        """MiB of each worker: proportional and resident set size. The first counts a page that n share as 1/n."""
        return [(worker.memory_full_info().pss / 2**20, worker.memory_info().rss / 2**20) for worker in self.workers]


@contextmanager
def running(command: Sequence[str], ready: str, environment: Mapping[str, str], port: int) -> Iterator[Server]:
    """Start `command`, wait until GET `ready` on its port answers 200, and end it with SIGTERM.

    Raises:
        RuntimeError: it ended, or did not answer in time.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        while not _answers(f"http://127.0.0.1:{port}{ready}"):
            if process.poll() is not None or time.perf_counter() - started > START_LIMIT:
                raise RuntimeError(f"{' '.join(command)} did not become ready (exit code {process.poll()})")
            time.sleep(LOOK_EVERY)
        yield Server(process, port, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def our_api(home: Path, dsn: str, workers: int, **changes: str) -> Iterator[Server]:
    """`python -m api` over the snapshots of `home`; `changes` are further settings of the API by name."""
    port = free_port()
    environment = {
        "FEEDRANK_HOME": str(home),
        "FEEDRANK_SOURCE__DSN": dsn,
        "FEEDRANK_API__PORT": str(port),
        "FEEDRANK_API__WORKERS": str(workers),
        **{f"FEEDRANK_API__{name.upper()}": value for name, value in changes.items()},
    }
    with running([sys.executable, "-m", "api"], "/health/ready", environment, port) as server:
        yield server


@contextmanager
def uvicorn_app(factory: str, environment: Mapping[str, str], first: str) -> Iterator[Server]:
    """One uvicorn process of a factory's application; ready when GET `first` answers."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port), "--no-access-log"]
    with running([*command, "--log-level", "warning"], first, environment, port) as server:
        yield server


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
