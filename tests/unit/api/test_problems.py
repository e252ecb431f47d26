from typing import Any

import msgspec
import pytest
from litestar import Litestar, get, post
from litestar.exceptions import ValidationException
from litestar.params import JSONBody
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


class Told(msgspec.Struct):
    user_id: int
    action: str


def answer_to_body(content: bytes, content_type: str = "application/json") -> tuple[int, dict[str, Any]]:
    """What a client gets from a route that takes a body."""

    @post("/", sync_to_thread=False)
    def take(data: JSONBody[list[Told]]) -> None:
        return

    app = Litestar(
        [take],
        plugins=[problems.plugin()],
        exception_handlers={ValidationException: problems.answer_bad_parameters},
        request_max_body_size=problems.LARGEST_BODY,
        logging_config=None,
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.post("/", content=content, headers={"Content-Type": content_type})
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()


def test_a_field_of_the_body_is_named() -> None:
    status, problem = answer_to_body(b'[{"user_id": 1, "action": "view"}, {"user_id": "x", "action": "view"}]')
    assert status == 400
    told = "[1].user_id: Expected `int`, got `str`"
    assert problem["errors"] == [{"parameter": "[1].user_id", "value": None, "detail": told}]
    assert problem["detail"] == told


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "application/json"),
        (b"[", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"null", "application/json"),
        (b"{}", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"\x00\x01", "application/msgpack"),
        (b"--x\r\n", "multipart/form-data; boundary=y"),
        (b"--x\r\n", "multipart/form-data"),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"[{}]", "klingon"),
        (b'[{"user_id": 1' + b"0" * 5_000 + b', "action": "view"}]', "application/json"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_the_client_s_mistake(content: bytes, content_type: str) -> None:
    status, problem = answer_to_body(content, content_type)
    assert status in (400, 415), problem
    assert problem["detail"]


def test_a_body_of_ten_megabytes_is_told_the_bound() -> None:
    status, problem = answer_to_body(b" " * 10_000_000)
    assert status == 413
    assert "1,000,000 bytes" in problem["detail"]
