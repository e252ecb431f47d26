"""The page Data."""

from typing import Any

from litestar import Response, get

from api.pages.shell import Shelled


@get("/data", sync_to_thread=True)
def data(shell: Shelled) -> Response[Any]:
    """What the tables hold."""
    return shell.page("data.html")


HANDLERS = [data]
