"""Asking our own servers over HTTP, as a client of theirs would."""

import json
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from core.errors import ServiceError
from core.settings import ApiSettings

TIMEOUT = 30.0  # seconds
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  where one that listens there can be reached


def api_address(api: ApiSettings, port: int) -> str:
    """Where this machine reaches the API of these settings, on a port."""
    host = EVERYWHERE.get(api.host, api.host)
    return f"{'https' if api.certfile else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def connection_to(url: str, timeout: float) -> HTTPConnection:
    """A connection to a server of ours. It is on this machine, so a certificate need not prove that, and is not asked
    to: it is made out to the name by which others know the machine. No key is ever sent.
    """
    address = urlsplit(url)
    if address.scheme != "https":
        return HTTPConnection(address.netloc, timeout=timeout)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return HTTPSConnection(address.netloc, timeout=timeout, context=context)


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
    connection = connection_to(url, timeout)
    try:
        connection.request("GET", f"{address.path or '/'}?{address.query}" if address.query else address.path or "/")
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
