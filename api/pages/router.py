"""All pages under one router: what they need, and how they fail. Not part of `/schema`, which describes the API."""

from functools import partial
from typing import Any

from litestar import Response, Router, get
from litestar.datastructures import Cookie
from litestar.di import Provide
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect

from api.access.scopes import RECOMMEND
from api.pages import assets, data, experiment, feed, language, models, trouble
from api.pages.shell import HEADERS, Shell
from api.status import Status
from core.errors import NotFound

A_YEAR = 365 * 24 * 3600


def router(status: Status) -> Router:
    """The pages; `status` is what they tell about the service."""
    shell_of = partial(Shell, status=status)

    def shell(request: HTMXRequest) -> Shell:
        return shell_of(request)

    return Router(
        path="/",
        route_handlers=[
            assets.asset,
            switch_language,
            *feed.HANDLERS,
            *experiment.HANDLERS,
            *models.HANDLERS,
            *data.HANDLERS,
        ],
        dependencies={
            "shell": Provide(shell, sync_to_thread=False),
            "desk": Provide(data.desk, sync_to_thread=False, use_cache=True),
        },
        exception_handlers=trouble.handlers(shell_of),
        guards=[trouble.only_from_our_pages],
        request_class=HTMXRequest,
        security=RECOMMEND,
        include_in_schema=False,
    )


@get("/language/{code:str}", sync_to_thread=False)
def switch_language(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    """Remember the language, and go back to where the reader came from."""
    if code not in language.NAMES:
        raise NotFound(f"there are no pages in {code!r}; there are: {', '.join(language.NAMES)}")
    kept = Cookie(key=language.COOKIE, value=code, max_age=A_YEAR, httponly=True, samesite="lax")
    return Redirect(came_from(request), status_code=303, cookies=[kept], headers=HEADERS)


def came_from(request: HTMXRequest) -> str:
    """The path of ours that a link was followed on; `/` if it is not known, or is none of ours."""
    before = request.headers.get("referer", "")
    ours = str(request.base_url)
    return "/" + before.removeprefix(ours).lstrip("/\\") if before.startswith(ours) else "/"
