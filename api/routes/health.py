"""Is the process alive, and can it answer? For load balancers and supervisors."""

from datetime import UTC, datetime
from http import HTTPStatus

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from api.access.scopes import OPEN
from api.problems import documented
from api.schemas import Liveness, Readiness
from api.status import Status

TAGS = ["service"]


# both are open: whoever restarts a process or sends it requests needs no key, and they tell nothing of anybody
@get("/health/live", sync_to_thread=False, tags=TAGS, summary="Does the process run?", security=OPEN)
def live() -> Liveness:
    """200 as long as the process answers at all: restart it when it does not."""
    return Liveness()


@get(
    "/health/ready",
    sync_to_thread=False,
    tags=TAGS,
    summary="Can it recommend?",
    responses=documented(HTTPStatus.SERVICE_UNAVAILABLE),
    security=OPEN,
)
def ready(status: NamedDependency[SkipValidation[Status]]) -> Readiness:
    """200 once a snapshot is served, 503 with the reason before. Names a newer snapshot that was refused, says whether
    what happens in the network and in the snapshots' store is followed, and how many exposures wait for PostgreSQL.
    """
    serving = status.engine.serving
    return Readiness(
        snapshot=serving.snapshot.id,
        snapshot_age=(datetime.now(UTC) - serving.snapshot.manifest.created_at).total_seconds(),
        refused=status.engine.refused,
        source=status.source(),
        store=status.store(),
        exposures_waiting=status.exposures_waiting,
    )
