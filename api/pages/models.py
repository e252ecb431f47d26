"""The page Models: who was live when, how good the rankers are, two snapshots side by side, and the way back."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, PermissionDeniedException
from litestar.params import Body, FromQuery, SkipValidation
from litestar.plugins.problem_details import ProblemDetailsException
from msgspec import Meta, Struct

from api.access.door import Door
from api.pages import models_chart, models_view
from api.pages.models_compare import compare
from api.pages.shell import HEADERS, Shelled
from core import clock
from core.logging import get_logger
from core.settings import Settings
from warehouse.snapshots import rollback

log = get_logger(__name__)

Setup = NamedDependency[SkipValidation[Settings]]
Id = Annotated[str, Meta(pattern=r"^\d{8}T\d{6}Z-[0-9a-f]{12}$")]
MAY_NOT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class Wish(Struct, frozen=True):
    """Somebody has confirmed a roll back."""

    to: Id
    live: Id  # what was live when the question was asked
    key: Annotated[str, Meta(max_length=200)] = ""


@get("/models", sync_to_thread=True)
def models(
    shell: Shelled,
    settings: Setup,
    a: FromQuery[str] = "",
    b: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Response[Any]:
    """The snapshot `a`, by default the live one; with `b` what is different there."""
    shelf = models_view.shelf(settings)
    chosen = a or shelf.live
    shown = models_view.figures_of(settings, chosen) if chosen else None
    other = models_view.figures_of(settings, b) if b else None
    return shell.page(
        "models.html",
        shelf=shelf,
        now=clock.now(),
        timeline=models_chart.timeline(shelf.periods, clock.now()),
        metric=settings.gate.metric,
        a=shown[0] if shown else None,
        figures=shown[1] if shown else None,
        b=other[0] if other else None,
        compared=compare(shown, other) if shown and other else None,
        square=models_chart.square(shown[1].calibration) if shown else None,
        bars=models_chart.bars(shown[1].metrics.get(settings.gate.metric, {})) if shown else {},
        done=done if done == shelf.live else "",
        behind=models_view.BEHIND,
    )


@get("/models/rollback", sync_to_thread=True)
def question(shell: Shelled, settings: Setup, to: FromQuery[str]) -> Response[Any]:
    """Is that what you want?"""
    shelf = models_view.shelf(settings)
    if shelf.live is None or to in (shelf.live, *shelf.refused):
        raise _conflict(f"nothing can roll back to {to!r}: it is live already, or never was")
    live, wanted = (models_view.figures_of(settings, one) for one in (shelf.live, to))
    return shell.page(
        "models_rollback.html",
        live=live[0],
        to=wanted[0],
        compared=compare(live, wanted),
        metric=settings.gate.metric,
        now=clock.now(),
        signed_in="authorization" in shell.request.headers,
    )


# who may look at the page may send this; that it is an operator is asked for besides, of the key that is typed
@post("/models/rollback", sync_to_thread=True, status_code=HTTPStatus.OK)
def roll_back(
    settings: Setup,
    door: NamedDependency[SkipValidation[Door]],
    request: Request[Any, Any, Any],
    data: Annotated[Wish, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Make another snapshot live; `history.jsonl` says whose key it was."""
    by = _operator(door, request, data.key)
    if (live := models_view.shelf(settings).live) != data.live:
        raise _conflict(f"snapshot {live} has become live meanwhile, so nothing was done; look again, then decide")
    snapshot = rollback(settings, data.to, by=by)
    log.warning("rolled back from %s to %s by key %s", data.live, snapshot.id, by)
    return Response(
        "",
        media_type="text/html",
        headers={**HEADERS, "HX-Redirect": f"/models?done={snapshot.id}"},
        status_code=HTTPStatus.OK,
    )


def _operator(door: Door, request: Request[Any, Any, Any], typed: str) -> str:
    """The name of the operator's key. A refusal is never a 401, which makes a browser ask in a window of its own."""
    try:
        return door.operator(request, typed or None).name
    except ProblemDetailsException as error:
        if error.status_code in MAY_NOT:
            raise PermissionDeniedException(error.detail) from None
        raise


def _conflict(detail: str) -> ClientException:
    return ClientException(detail, status_code=HTTPStatus.CONFLICT)


HANDLERS = [models, question, roll_back]
