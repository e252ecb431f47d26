"""`python -m api` as a process of its own, over a published home and a database."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def running_service(home: Path, dsn: str) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """The process and a client to it; killed at the end if it still runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"FEEDRANK_HOME": str(home), "FEEDRANK_SOURCE__DSN": dsn, "FEEDRANK_API__PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "api"], env={**os.environ, **settings})
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            eventually(lambda: is_ready(client))
            yield process, client
    finally:
        process.kill()
        process.wait()


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def eventually(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
