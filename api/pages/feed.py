"""The page Feed."""

from typing import Any

from litestar import Response, get

from api.pages.shell import Shelled


@get("/", sync_to_thread=True)
def feed(shell: Shelled) -> Response[Any]:
    """What a user would be shown."""
    return shell.page("feed.html")


HANDLERS = [feed]
