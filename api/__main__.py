"""`python -m api`: the service on the address, and with as many processes, as the settings say.

It does not start on an address that others reach unless there are keys for them. SIGTERM or SIGINT ends it in order:
nothing new is accepted, requests under way get `GRACE` seconds, then the parts of the service are stopped and hand over
what they hold; the exit code is 0.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from api.access.connections import Connection
from api.access.door import refuse_unguarded
from api.logs import log_as_service
from api.sockets import OwnSocket, refuse_taken
from core.errors import FeedrankError
from core.settings import load_settings

# requests under way when the service is told to stop get this long, in seconds
GRACE = 4
# a connection on which nothing is asked is closed after as many seconds
KEEP_ALIVE = 5


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    serve("api.app:create_app_from_environment")


def serve(factory: str) -> None:
    """Serve the application that `factory` ("module:function") makes."""
    try:
        settings = load_settings()
        refuse_unguarded(settings)
    except FeedrankError as error:
        sys.exit(str(error))
    api = settings.api
    if (
        missing := next((file for file in (api.certfile, api.keyfile) if file and not file.is_file()), None)
    ) is not None:
        sys.exit(f"there is no file {missing}; set api.certfile and api.keyfile to those of the certificate")
    # before numpy is imported: a request is too small to be divided among threads, which would fight for the cores
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    log_as_service(api)
    # once it has stopped, uvicorn sends itself the signal again, which would make the end look like a kill
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    with _shared_metrics() if api.workers > 1 else nullcontext():
        config = uvicorn.Config(
            factory,
            factory=True,
            host=api.host,
            port=api.port,
            workers=api.workers,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=GRACE,
            timeout_keep_alive=KEEP_ALIVE,
            http=Connection,
            ws="none",
            server_header=False,
            ssl_certfile=api.certfile,
            ssl_keyfile=api.keyfile,
        )
        refuse_taken(api.host, api.port)
        if api.workers > 1:
            own: Any = OwnSocket(api.host, api.port)
            Multiprocess(config, sockets=[own]).run()
        else:
            server = uvicorn.Server(config)
            server.run()
            if not server.started:
                sys.exit(STARTUP_FAILURE)


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder where the processes add up their metrics, so that whichever is asked answers for all."""
    with TemporaryDirectory(prefix="feedrank-metrics-") as folder:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        yield


if __name__ == "__main__":
    main()
