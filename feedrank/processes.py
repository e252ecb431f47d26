"""The servers that a command starts: each a child of this process, with its own log, gone when the command ends.

A child leads a process group of its own, so that Ctrl-C reaches this program only and the servers are stopped in order:
the last one started first. Where the kernel can, it ends them too when this program is killed.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from core.errors import ServiceError
from core.logging import get_logger
from core.process import die_with_parent
from feedrank.http import is_answering

log = get_logger(__name__)

HOST = "127.0.0.1"
GRACE = 15.0  # seconds
POLL = 0.1  # seconds


@dataclass(frozen=True)
class Server:
    """A running child and the file that takes its output."""

    name: str
    process: subprocess.Popen[bytes]
    log_file: Path
    stop_signal: int
    children_too: bool
    grace: float  # seconds between asking it to end and killing it

    def check(self) -> None:
        """Raise ServiceError if it has ended."""
        status = self.process.poll()
        if status is not None:
            raise ServiceError(
                f"{self.name} ended with status {status}; its log is {self.log_file}\n{self.last_lines()}"
            )

    def wait_for(self, url: str, limit: float) -> None:
        """Return as soon as `url` answers; ServiceError if the server ends before, or `limit` seconds pass."""
        deadline = time.monotonic() + limit
        while not is_answering(url):
            self.check()
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"{self.name} does not answer at {url} after {limit:.0f} s; its log is {self.log_file}"
                )
            time.sleep(POLL)

    def last_lines(self, count: int = 10) -> str:
        return "\n".join(self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])

    def stop(self) -> None:
        """End it and everything it started: by its stop signal, and what is left after the grace by SIGKILL."""
        # found by descent: some, such as Prefect's flow runs, lead sessions of their own, which a process group misses
        family = _family(self.process.pid)
        for member in family if self.children_too else family[:1]:
            with suppress(psutil.NoSuchProcess):
                member.send_signal(self.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(self.grace)
        _, left = psutil.wait_procs(family + _family(self.process.pid), timeout=1)
        for member in left:
            log.warning("%s left process %d running; killing it", self.name, member.pid)
            with suppress(psutil.NoSuchProcess):
                member.kill()
        self.process.wait()
        psutil.wait_procs(left, timeout=1)


class Servers:
    """The servers of one command; leaving the context stops them, also when their start failed half way."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._running: list[Server] = []

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        stop_signal: int = signal.SIGTERM,
        death_signal: int = signal.SIGKILL,
        children_too: bool = False,
        grace: float = GRACE,
        **popen: Any,
    ) -> Server:
        """Start `command` with `environment` laid over ours; its output goes to `<logs>/<name>.log`.

        `stop_signal` asks it to end, and with `children_too` what it started as well; `death_signal` reaches it when
        this program is killed. `popen` goes to `subprocess.Popen`, such as the user to run as.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        log_file = self.logs / f"{name}.log"
        with log_file.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  commands are ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                process_group=0,
                # set after the change of user, which would clear it again
                preexec_fn=partial(die_with_parent, death_signal),
                **popen,
            )
        server = Server(name, process, log_file, stop_signal, children_too, grace)
        self._running.append(server)
        return server

    def stop(self, server: Server) -> None:
        """End one of them before the others."""
        self._running.remove(server)
        server.stop()

    def check(self) -> None:
        """Raise ServiceError if any of them has ended."""
        for server in self._running:
            server.check()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # a second Ctrl-C would leave the rest of them running
        handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        while self._running:
            self._running.pop().stop()
        for number, handler in handlers.items():
            signal.signal(number, handler)


def stop_on_signals() -> None:
    """Let SIGTERM end this program as Ctrl-C does, its servers in order.

    SIGINT is set as well: a script that starts us in the background makes us ignore it.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def free_port(preferred: int) -> int:
    """`preferred`, or the next port of 127.0.0.1 above it that nobody listens on."""
    for port in range(preferred, min(preferred + 100, 65_536)):
        with socket.socket() as probe:
            # servers set it as well, so a port that a server has just left counts as free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise ServiceError(f"ports {preferred} to {preferred + 99} of {HOST} are all in use; free one or choose another")


def _family(pid: int) -> list[psutil.Process]:
    """The process and all its descendants; empty when it is gone."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
