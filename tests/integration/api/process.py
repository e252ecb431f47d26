"""The service as a process of its own, over real HTTP."""

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import httpx
import psutil

from core.settings import Settings

ALONE = ("-m", "api")


@dataclass(frozen=True)
class Running:
    """A service that answers."""

    process: subprocess.Popen[bytes]
    url: str
    client: httpx.Client
    log: IO[str]

    def lines(self) -> list[str]:
        """What it has written to standard error so far."""
        self.log.seek(0)
        return self.log.read().splitlines()

    def answers(self, path: str, status: int) -> bool:
        try:
            return self.client.get(path).status_code == status
        except httpx.TransportError:
            return False


@contextmanager
def running(settings: Settings, *command: str, **environment: str) -> Iterator[Running]:
    """`python -m api`, or another `command` of Python's, on a free port over `settings.home`, until the block ends."""
    port = free_port()
    certificate = environment.get("FEEDRANK_API__CERTFILE")
    url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    trusted = ssl.create_default_context(cafile=certificate) if certificate else True
    variables = {
        **os.environ,
        "FEEDRANK_HOME": str(settings.home),
        "FEEDRANK_API__PORT": str(port),
        "FEEDRANK_API__RELOAD_INTERVAL": "PT0.05S",
        **environment,
    }
    # a file and not a pipe: nobody empties it while the service writes
    with TemporaryFile("w+") as log, httpx.Client(base_url=url, timeout=30, verify=trusted) as client:
        process = subprocess.Popen([sys.executable, *(command or ALONE)], env=variables, stderr=log)
        try:
            service = Running(process, url, client, log)
            eventually(lambda: process.poll() is not None or service.answers("/health/live", 200))
            yield service
        finally:
            workers = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.kill()
            process.wait()
            for worker in workers:  # nobody else would end them
                with suppress(psutil.NoSuchProcess):
                    worker.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
