"""Answers of the hot path as bytes: what Litestar adds to a response (cookies, background tasks, encoders by type)
takes longer than encoding it.
"""

from typing import Any, Final, TypeVar

import msgspec
from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send

T = TypeVar("T")

CONTENT_TYPE: Final = (b"content-type", b"application/json")
_encoder: Final = msgspec.json.Encoder()


class JsonReply(Response[T]):
    """200 with a JSON body, for types that msgspec knows. Names of headers are lower case."""

    def __init__(self, content: T, headers: dict[bytes, bytes]) -> None:
        self._body = _encoder.encode(content)
        length = (b"content-length", b"%d" % len(self._body))
        self._headers = [CONTENT_TYPE, length, *headers.items()]

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIApp:  # type: ignore[override]  # it has what it needs
        return self._send

    async def _send(self, _: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})
