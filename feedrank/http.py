"""Asking our own servers over HTTP, as a client of theirs would."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from core.errors import ServiceError

TIMEOUT = 30.0  # seconds


def get_json(url: str, timeout: float = TIMEOUT) -> Any:
    """The JSON that `url` answers.

    Raises:
        ServiceError: nobody answers, or the status is not 200; carries the answer.
    """
    try:
        status, body = _get(url, timeout)
    except (OSError, HTTPException) as error:
        raise ServiceError(f"{url} does not answer: {error}") from error
    if status != 200:
        raise ServiceError(f"{url} answers {status}: {body.decode(errors='replace')}")
    return json.loads(body)


def is_answering(url: str) -> bool:
    """Whether `url` answers with success at this moment."""
    try:
        return _get(url, timeout=2)[0] == 200
    except (OSError, HTTPException):
        return False


def _get(url: str, timeout: float) -> tuple[int, bytes]:
    address = urlsplit(url)
    connection = HTTPConnection(address.netloc, timeout=timeout)
    try:
        connection.request("GET", f"{address.path or '/'}?{address.query}" if address.query else address.path or "/")
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
