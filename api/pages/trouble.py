"""Errors as pages: the same map to HTTP as everywhere, told to a person, and as a part of a page to htmx.

JSON endpoints keep their problem documents.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, PermissionDeniedException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.plugins.htmx import HTMXRequest
from litestar.plugins.problem_details import ProblemDetailsException

from api import problems
from api.access.browsers import SAFE
from api.pages.shell import Shell
from core.errors import FeedrankError
from core.logging import get_logger

log = get_logger(__name__)

INSIDE: Final = "the request failed inside the service; its log says why"

# of every kind that `api.problems` handles, for the nearer handler wins only under the same key
KINDS: Final[tuple[type[Exception], ...]] = (
    *problems.STATUS_OF,
    ProblemDetailsException,
    ValidationException,
    HTTPException,
    Exception,
)


def only_from_our_pages(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard: what writes must carry the header that htmx sends, which a form of a foreign site cannot."""
    if connection.scope.get("method") not in SAFE and connection.headers.get("hx-request") != "true":
        raise PermissionDeniedException("this is written by the buttons of the pages only, and they need JavaScript")


def handlers(
    shell_of: Callable[[HTMXRequest], Shell],
) -> dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Any]]]:
    """Exception handlers for the router of the pages."""

    def show(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        status, detail = told(request, error)
        asked = HTMXRequest(request.scope, request.receive)
        template = "trouble_part.html" if asked.htmx else "trouble.html"
        headers = error.headers if isinstance(error, HTTPException) else None  # such as when to ask again
        return shell_of(asked).page(
            template, status_code=status, headers=headers, status=HTTPStatus(status), detail=detail
        )

    return dict.fromkeys(KINDS, show)


def told(request: Request[Any, Any, Any], error: Exception) -> tuple[int, str]:
    """The HTTP status and what to tell; nothing of the inside of what was not foreseen."""
    if isinstance(error, ValidationException):
        answer = problems.answer_bad_parameters(request, error)
        return answer.status_code or HTTPStatus.BAD_REQUEST, str(answer.content["detail"])
    if isinstance(error, HTTPException):  # a problem document of the API's is one too
        return error.status_code, problems.HINTS.get(HTTPStatus(error.status_code), error.detail)
    if isinstance(error, FeedrankError):
        known = next((status for kind, status in problems.STATUS_OF.items() if isinstance(error, kind)), None)
        if known is not None:
            return known, str(error)
    log.error("a page failed", exc_info=error)
    return HTTPStatus.INTERNAL_SERVER_ERROR, INSIDE
