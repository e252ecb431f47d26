"""Asking our own servers: an answer, an error that carries what was answered, or nobody there."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from core.errors import ServiceError
from feedrank.http import get_json, is_answering
from feedrank.processes import HOST, free_port


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path.startswith("/good") else 503)
        self.end_headers()
        self.wfile.write(json.dumps({"path": self.path}).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer((HOST, 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()
        thread.join()


def test_json_and_query_come_through(url: str) -> None:
    assert get_json(f"{url}/good?id=1&limit=5") == {"path": "/good?id=1&limit=5"}
    assert is_answering(f"{url}/good")


def test_an_error_carries_the_answer(url: str) -> None:
    assert not is_answering(f"{url}/bad")
    with pytest.raises(ServiceError, match=r'answers 503: \{"path": "/bad"\}'):
        get_json(f"{url}/bad")


def test_nobody_there() -> None:
    nobody = f"http://{HOST}:{free_port(20_000)}"
    assert not is_answering(nobody)
    with pytest.raises(ServiceError, match="does not answer"):
        get_json(nobody)
