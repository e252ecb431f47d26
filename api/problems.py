"""What goes wrong, as RFC 9457 problem documents: the one map from errors to HTTP.

Every answer of 400 and above is such a document, `application/problem+json`. One about bad parameters lists them in
`errors`, each with its name, the value received and what it must be.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import ParameterKwarg, QueryParameter
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsException, ProblemDetailsPlugin
from litestar.typing import FieldDefinition

from api.schemas import BadParameter, Problem
from core.errors import FeedrankError, NotFound, QueryRefused, SnapshotError, SourceError
from core.logging import get_logger

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
LONGEST_VALUE_SHOWN = 100
LARGEST_BODY = 1_000_000  # bytes, for the routes that take one
TRUE_OR_FALSE = "it must be true or false"

# the most special class wins; what is not of our making, or not foreseen here, is a 500 and tells nothing of the inside
STATUS_OF: dict[type[FeedrankError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    QueryRefused: HTTPStatus.BAD_REQUEST,
    SnapshotError: HTTPStatus.SERVICE_UNAVAILABLE,
    SourceError: HTTPStatus.SERVICE_UNAVAILABLE,
}
HINTS = {
    HTTPStatus.NOT_FOUND: "there is nothing at this path; /schema lists every path",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"the body is larger than {LARGEST_BODY:,} bytes; send it in parts",
    HTTPStatus.METHOD_NOT_ALLOWED: "this path does not take this method; the Allow header lists those it takes",
}
MEANINGS = {
    HTTPStatus.BAD_REQUEST: "A parameter is missing or out of its bounds; `errors` names it.",
    HTTPStatus.NOT_FOUND: "The snapshot knows no such user or post.",
    HTTPStatus.SERVICE_UNAVAILABLE: "No snapshot is being served yet; `detail` says why.",
}
# what any route that needs a key may answer
OF_THE_DOOR = {
    HTTPStatus.UNAUTHORIZED: "No key was sent, or one that is not known; `scope` is what it must have.",
    HTTPStatus.FORBIDDEN: "The key lacks the `scope`, or a page of another site has made a browser send this.",
    HTTPStatus.TOO_MANY_REQUESTS: "More requests a second than the key may send; the header Retry-After says when.",
}


def plugin() -> ProblemDetailsPlugin:
    """The plugin that turns every error but a bad parameter into its problem document."""
    ours = {error: _of_status(status) for error, status in STATUS_OF.items()}
    return ProblemDetailsPlugin(
        ProblemDetailsConfig(
            exception_to_problem_detail_map={**ours, HTTPException: _of_http_error, Exception: _of_surprise}
        )
    )


def documented(*statuses: HTTPStatus, meanings: Mapping[HTTPStatus, str] = MEANINGS) -> dict[int, ResponseSpec]:
    """The problem documents that a route may answer with, those of `api.access` included, for its description."""
    told = {**{status: meanings[status] for status in statuses}, **OF_THE_DOOR}
    return {
        status: ResponseSpec(Problem, description=meaning, media_type=MEDIA_TYPE, generate_examples=False)
        for status, meaning in told.items()
    }


def refusal(status: HTTPStatus, bad: Sequence[BadParameter]) -> ProblemDetailsException:
    """The problem document, to be raised, about what a request carries: each part by its name, with its value."""
    errors = [msgspec.to_builtins(one) for one in bad]
    return problem(status, "; ".join(one.detail for one in bad), extra={"errors": errors})


def answer_bad_parameters(request: Request[Any, Any, Any], error: ValidationException) -> Response[dict[str, Any]]:
    """Name each bad parameter, as the client knows it, with the value received and what it must be."""
    fields = request.route_handler.parsed_fn_signature.parameters
    given: dict[str, Any] = {**dict(request.query_params.items()), **request.path_params}
    errors = []
    # Litestar gives the particulars as a list, and none when a required parameter is absent
    particulars = cast("list[dict[str, str]]", error.extra) or [{"key": _first_missing(fields, given)}]
    for found in particulars:
        if found.get("source") == "body":
            errors.append(_bad_body(error, found["message"]))
            continue
        if found["key"] not in fields:  # a field of a body that the handler read itself
            told = f"{found['key']} is not accepted; {found['message']}"
            errors.append({"parameter": found["key"], "value": None, "detail": told})
            continue
        definition = cast("ParameterKwarg", fields[found["key"]].kwarg_definition)
        message = TRUE_OR_FALSE if fields[found["key"]].annotation is bool else found.get("message", "")
        errors.append(_bad_parameter(definition.name or found["key"], definition, given, message))
    detail = "; ".join(bad["detail"] for bad in errors)
    return problem(HTTPStatus.BAD_REQUEST, detail, extra={"errors": errors}).to_response(request)


def _bad_body(error: ValidationException, message: str) -> dict[str, Any]:
    """Litestar tells no more than that it is the body; msgspec's error, which was the cause, knows the field."""
    if message == "'data'":  # a KeyError's text
        return {"parameter": "body", "value": None, "detail": "the body is missing"}
    told, _, place = str(error.__cause__).partition(" - at `$.data")
    name = (place.rstrip("`").removeprefix(".") if told == message else "") or "body"
    return {"parameter": name, "value": None, "detail": f"{name}: {message}"}


def _first_missing(fields: Mapping[str, FieldDefinition], given: Mapping[str, Any]) -> str:
    """The first required parameter that the request does not carry."""
    return next(
        name
        for name, field in fields.items()
        if isinstance(field.kwarg_definition, QueryParameter)
        and not field.has_default
        and (field.kwarg_definition.name or name) not in given
    )


def _bad_parameter(name: str, definition: ParameterKwarg, given: Mapping[str, Any], message: str) -> dict[str, Any]:
    expected = (
        message if definition.ge is None else f"it must be a whole number from {definition.ge} to {definition.le}"
    )
    if name not in given:
        return {"parameter": name, "value": None, "detail": f"{name} is missing; {expected}"}
    value = str(given[name])[:LONGEST_VALUE_SHOWN]
    return {"parameter": name, "value": value, "detail": f"{name}={value!r} is not accepted; {expected}"}


def _of_status(status: HTTPStatus) -> Callable[[FeedrankError], ProblemDetailsException]:
    return lambda error: problem(status, str(error))


def _of_http_error(error: HTTPException) -> ProblemDetailsException:
    status = HTTPStatus(error.status_code)
    return problem(status, HINTS.get(status, error.detail), headers=error.headers)


def _of_surprise(error: Exception) -> ProblemDetailsException:
    if isinstance(error, RecursionError) and "deserializing" in str(error):  # msgspec's, about the body
        return problem(HTTPStatus.BAD_REQUEST, "the body is nested too deeply")
    log.error("a request failed", exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the request failed inside the service; its log says why")


def problem(status: HTTPStatus, detail: str, **members: Any) -> ProblemDetailsException:
    """A problem document, to be raised; `members` are `extra` of its own and `headers`."""
    return ProblemDetailsException(
        status_code=status, type_="about:blank", title=status.phrase, detail=detail, **members
    )
