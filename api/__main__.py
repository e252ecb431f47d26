"""`python -m api`: the service on the address, and with as many processes, as the settings say."""

import os
import tempfile

import uvicorn

from core.settings import load_settings

# requests under way when the service is told to stop get this long, in seconds
GRACE = 4


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    api = load_settings().api
    with tempfile.TemporaryDirectory(prefix="feedrank-metrics-") as folder:
        if api.workers > 1:  # the processes add up their metrics here, so that each can answer for all
            os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        uvicorn.run(
            "api.app:create_app_from_environment",
            factory=True,
            host=api.host,
            port=api.port,
            workers=api.workers,
            access_log=False,
            timeout_graceful_shutdown=GRACE,
        )


if __name__ == "__main__":
    main()
