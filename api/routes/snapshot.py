"""Which snapshot answers come from."""

from http import HTTPStatus

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from api.access.scopes import RECOMMEND
from api.engine import Serving
from api.problems import documented
from api.schemas import SnapshotInfo


@get(
    "/snapshot",
    sync_to_thread=False,
    tags=["service"],
    summary="Which snapshot is served?",
    responses=documented(HTTPStatus.SERVICE_UNAVAILABLE),
    security=RECOMMEND,
)
def snapshot(serving: NamedDependency[SkipValidation[Serving]]) -> SnapshotInfo:
    """The snapshot's id, age, size and how well its rankers did when they were judged."""
    manifest = serving.snapshot.manifest
    return SnapshotInfo(
        id=serving.snapshot.id,
        created_at=manifest.created_at,
        watermark=manifest.watermark,
        schema_version=manifest.schema_version,
        counts=manifest.rows,
        metrics=manifest.metrics,
        loaded_at=serving.loaded_at,
    )
