"""Is the process alive, and can it answer? For load balancers and supervisors."""

from http import HTTPStatus

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from api.engine import Engine
from api.problems import documented
from api.schemas import Liveness, Readiness

TAGS = ["service"]


@get("/health/live", sync_to_thread=False, tags=TAGS, summary="Does the process run?")
def live() -> Liveness:
    """200 as long as the process answers at all: restart it when it does not."""
    return Liveness()


@get(
    "/health/ready",
    sync_to_thread=False,
    tags=TAGS,
    summary="Can it recommend?",
    responses=documented(HTTPStatus.SERVICE_UNAVAILABLE),
)
def ready(engine: NamedDependency[SkipValidation[Engine]]) -> Readiness:
    """200 once a snapshot is served, 503 with the reason before. Names a newer snapshot that was refused."""
    return Readiness(snapshot=engine.serving.snapshot.id, refused=engine.refused)
