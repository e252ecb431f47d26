"""The page Experiment."""

from typing import Any

from litestar import Response, get

from api.pages.shell import Shelled


@get("/experiment", sync_to_thread=True)
def experiment(shell: Shelled) -> Response[Any]:
    """Which arm is better."""
    return shell.page("experiment.html")


HANDLERS = [experiment]
