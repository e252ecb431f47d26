"""What Prometheus comes for."""

from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST

from api import metrics as measured
from api.access.scopes import RECOMMEND
from api.problems import documented


# in a thread: with several workers it reads the files of all of them
@get(
    "/metrics",
    sync_to_thread=True,
    tags=["service"],
    summary="How is it doing, in numbers?",
    media_type="text/plain",
    responses=documented(),
    security=RECOMMEND,
)
def metrics() -> Response[bytes]:
    """Durations and counts of requests, recommendations, reloads and exposures, for Prometheus."""
    return Response(measured.exposition(), media_type=CONTENT_TYPE_LATEST)
