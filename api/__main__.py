"""`python -m api`: the service on the address, and with as many processes, as the settings say."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from tempfile import TemporaryDirectory

import uvicorn

from core.errors import SettingsError
from core.settings import load_settings

# requests under way when the service is told to stop get this long, in seconds
GRACE = 4


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    try:
        api = load_settings().api
    except SettingsError as error:
        sys.exit(str(error))
    with _shared_metrics() if api.workers > 1 else nullcontext():
        uvicorn.run(
            "api.app:create_app_from_environment",
            factory=True,
            host=api.host,
            port=api.port,
            workers=api.workers,
            access_log=False,
            timeout_graceful_shutdown=GRACE,
        )


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder where the processes add up their metrics, so that whichever is asked answers for all."""
    with TemporaryDirectory(prefix="feedrank-metrics-") as folder:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        yield


if __name__ == "__main__":
    main()
