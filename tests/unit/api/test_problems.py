import pytest
from litestar import Litestar, get
from litestar.testing import TestClient

from api import problems
from core.errors import FeedrankError, NotFound, SnapshotDamaged, SnapshotNotFound


def answer_to(error: Exception) -> tuple[int, dict[str, object]]:
    """What a client gets when a handler fails with this error."""

    @get("/", sync_to_thread=False)
    def fail() -> None:
        raise error

    app = Litestar([fail], plugins=[problems.plugin()], logging_config=None, debug=False)
    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.get("/")
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotFound("no post 7"), 404), (SnapshotNotFound("none yet"), 503), (SnapshotDamaged("control.cbm"), 503)],
)
def test_errors_of_ours_say_what_they_say(error: FeedrankError, status: int) -> None:
    answered, problem = answer_to(error)
    assert (answered, problem["status"], problem["detail"]) == (status, status, str(error))


@pytest.mark.parametrize("error", [RuntimeError("password=secret"), FeedrankError("password=secret")])
def test_a_surprise_goes_to_the_log_and_not_to_the_client(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    status, problem = answer_to(error)
    assert status == 500
    assert "secret" not in str(problem)
    assert caplog.records[0].exc_info is not None
    assert caplog.records[0].exc_info[1] is error
