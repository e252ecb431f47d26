"""Prefect as feedrank runs it: a server with its own home and port, the deployments of `prefect.yaml`, one worker.

Nothing of it touches the Prefect that a person may already use: home, database and address are ours, and every program
that we start gets them through its environment. `prefect.env` in the home folder names the address for other shells.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import prefect_address
from core.errors import ServiceError
from core.settings import Settings
from feedrank.processes import HOST, Server, Servers, free_port

SERVER_GRACE = 5.0  # seconds
SERVER_LIMIT = 120.0  # seconds; the first start creates the database
DEPLOY_LIMIT = 120.0
PROJECT_FILE = "prefect.yaml"
WORK_POOL = "feedrank"  # as in that file


class Prefect:
    """The server of one command. `environment` is what a program needs to talk to it."""

    def __init__(self, servers: Servers, settings: Settings) -> None:
        self._settings = settings
        self.home = settings.home.absolute()
        self.port = free_port(settings.prefect.port)
        self.url = f"http://{HOST}:{self.port}"
        self.api_url = f"{self.url}/api"
        self.environment = {
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_API_URL": self.api_url,
            "PREFECT_CLI_PROMPT": "false",
            "PREFECT_CLI_COLORS": "false",
            "PREFECT_LOGGING_COLORS": "false",
            "PREFECT_LOGGING_EXTRA_LOGGERS": "feedrank",  # what our code logs belongs to the flow run's log
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",  # we use none, and it takes two seconds of each start
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "60",  # seconds; what falls silent is ended, see feedrank.zombies
            "DO_NOT_TRACK": "1",
        }
        self._servers = servers
        command = ("server", "start", "--host", HOST, "--port", str(self.port))
        # it would wait for the event streams of its clients, which a person's terminal may hold open for ever
        self._server = self._start("prefect-server", *command, grace=SERVER_GRACE)

    def wait(self) -> None:
        """Return when the server answers; other shells find its address in `prefect.env` from then on."""
        self._server.wait_for(f"{self.api_url}/health", SERVER_LIMIT)
        prefect_address.remember(self._settings, self.api_url)

    def deploy(self) -> None:
        """`prefect deploy --all`, in this folder: the one that the flows will work in.

        Raises:
            ServiceError: it fails; carries what it printed.
        """
        command = ["prefect", "deploy", "--all", "--prefect-file", str(project_file())]
        result = subprocess.run(  # noqa: S603
            [sys.executable, "-m", *command],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEPLOY_LIMIT,
            check=False,
        )
        if result.returncode != 0:
            raise ServiceError(f"`{' '.join(command)}` failed: {result.stdout}{result.stderr}")

    def start_worker(self, environment: Mapping[str, str]) -> Server:
        """Start the worker, one flow run at a time, as they share a warehouse; flows find `environment` in theirs."""
        command = ("worker", "start", "--pool", WORK_POOL, "--type", "process", "--limit", "1")
        # a worker that is told to end waits for its flow run; the run has to be told as well
        return self._start("prefect-worker", *command, children_too=True, extra=environment)

    def _start(self, name: str, *command: str, extra: Mapping[str, str] | None = None, **options: Any) -> Server:
        environment = {**self.environment, **(extra or {})}
        return self._servers.start(
            name, [sys.executable, "-m", "prefect", *command], environment=environment, **options
        )


def project_file() -> Path:
    """The `prefect.yaml` of the current folder, or else the one beside the installed packages.

    Raises:
        ServiceError: there is none in either place.
    """
    places = [Path.cwd(), Path(__file__).parent.parent]
    for place in places:
        if (place / PROJECT_FILE).is_file():
            return place / PROJECT_FILE
    raise ServiceError(
        f"{PROJECT_FILE} is neither in {places[0]} nor in {places[1]}; start feedrank in its project folder"
    )
