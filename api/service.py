"""The Litestar application with an eye on every request: how long it took, a line in the log where that is due, and the
headers that every answer has.

This is one function around the application and not a middleware of Litestar's, because a middleware is not asked about
paths and methods that do not exist, and costs an object or two a request.
"""

import os
import re
from itertools import count
from time import perf_counter
from typing import Any

from litestar import Litestar
from litestar.types import Message, Receive, Scope, Send

from api.access.browsers import shielded
from api.logs import request_id
from api.metrics import REQUESTS
from core.logging import get_logger

log = get_logger(__name__)

UNKNOWN = "unknown"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")


class Service(Litestar):
    """The application; `slow` seconds are what makes a request worth a line."""

    def __init__(self, *arguments: Any, slow: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._slow = slow
        self._observers: dict[tuple[str, str, int], Any] = {}
        self._numbers = count(1)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        await self._observed(scope, receive, send)

    async def _observed(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        request_id.set(self._id_of(scope))
        status = 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = shielded(message["headers"], status)
            await send(message)

        try:
            await super().__call__(scope, receive, note)
        finally:
            self._observe(scope, status, perf_counter() - started)

    def _observe(self, scope: Any, status: int, seconds: float) -> None:
        # labels take what clients cannot make up, or a scan of the service would fill the memory
        key = (scope["method"], scope.get("path_template", UNKNOWN), status)
        observe = self._observers.get(key)
        if observe is None:
            method, path, _ = key
            labels = (method if method in METHODS else UNKNOWN, path, str(status))
            observe = REQUESTS.labels(*labels).observe
            if method in METHODS:
                self._observers[key] = observe
        observe(seconds)
        notable = status >= 500 or seconds > self._slow
        if notable or log.isEnabledFor(10):
            self._write_line(scope, status, seconds, notable)

    def _write_line(self, scope: Any, status: int, seconds: float, notable: bool) -> None:
        """Never the query, whose values may be secrets, and never a body."""
        particulars = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "seconds": round(seconds, 6),
        }
        (log.warning if notable else log.debug)("request", extra=particulars)

    def _id_of(self, scope: Any) -> str:
        """The client's id of this request, if it is one that can stand in a log; a number of ours otherwise."""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                if REQUEST_ID.fullmatch(value):
                    return str(value, "ascii")
                break
        return f"{os.getpid()}-{next(self._numbers)}"
