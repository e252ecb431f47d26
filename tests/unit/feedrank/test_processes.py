"""Servers of a command: they come up, are told apart from failures, and never stay behind."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from core.errors import ServiceError
from feedrank.processes import HOST, Servers, free_port

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# a child in a session of its own, as Prefect starts flow runs, below a parent that ignores SIGTERM
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(60)",
]


def test_leaving_the_context_leaves_no_process(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        stubborn = servers.start("stubborn", STUBBORN, grace=0.2)
        child = int(_first_line(stubborn.log_file))
        sleeper = servers.start("sleeper", SLEEP)
        assert _is_running(child)
    assert stubborn.process.returncode == -signal.SIGKILL
    assert sleeper.process.returncode == -signal.SIGTERM
    assert not _is_running(child)


def test_a_start_that_fails_half_way_stops_what_was_started(tmp_path: Path) -> None:
    started = []

    def start_both() -> None:
        with Servers(tmp_path) as servers:
            started.append(servers.start("sleeper", SLEEP))
            servers.start("missing", ["/no/such/program"])

    with pytest.raises(FileNotFoundError):
        start_both()
    assert started[0].process.returncode == -signal.SIGTERM


def test_a_server_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        server = servers.start("brief", [sys.executable, "-c", "import sys; sys.exit('no such table')"])
        with pytest.raises(ServiceError, match=r"brief ended with status 1(.|\n)*no such table"):
            server.wait_for(f"http://{HOST}:{free_port(20_000)}/", limit=30)
        with pytest.raises(ServiceError, match="brief ended"):
            servers.check()


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        server = servers.start("silent", SLEEP)
        with pytest.raises(ServiceError, match="silent does not answer"):
            server.wait_for(f"http://{HOST}:{free_port(20_000)}/", limit=0.2)


def test_waiting_ends_when_the_server_answers(tmp_path: Path) -> None:
    port = free_port(20_000)
    with Servers(tmp_path) as servers:
        command = [sys.executable, "-m", "http.server", str(port), "--bind", HOST]
        server = servers.start("files", command, folder=tmp_path)
        server.wait_for(f"http://{HOST}:{port}/", limit=30)
        assert server.process.poll() is None


def test_the_environment_is_laid_over_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "kept")
    monkeypatch.setenv("CHANGED", "before")
    show = [sys.executable, "-c", "import os; print(os.environ['KEPT'], os.environ['CHANGED'])"]
    with Servers(tmp_path) as servers:
        server = servers.start("shown", show, environment={"CHANGED": "after"})
        assert _first_line(server.log_file) == "kept after"


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((HOST, free_port(20_000)))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) > port


def test_children_end_with_a_killed_command(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells children of their parent's death")
    script = (
        "import sys; from pathlib import Path; from feedrank.processes import Servers\n"
        f"servers = Servers(Path({str(tmp_path)!r}))\n"
        f"print(servers.start('sleeper', {SLEEP!r}).process.pid, flush=True)\n"
        "sys.stdin.read()"
    )
    command = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd(), text=True
    )
    assert command.stdout is not None
    child = int(command.stdout.readline())
    assert _is_running(child)
    command.kill()
    command.communicate()
    _until(lambda: not _is_running(child))


def _is_running(pid: int) -> bool:
    # a dead process stays listed until somebody asks for its status, which a container's first process may never do
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def _first_line(file: Path) -> str:
    _until(lambda: "\n" in file.read_text())
    return file.read_text().splitlines()[0]


def _until(condition: Callable[[], bool], limit: float = 30) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
