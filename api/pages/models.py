"""The page Models."""

from typing import Any

from litestar import Response, get

from api.pages.shell import Shelled


@get("/models", sync_to_thread=True)
def models(shell: Shelled) -> Response[Any]:
    """The snapshots, and how good their rankers are."""
    return shell.page("models.html")


HANDLERS = [models]
