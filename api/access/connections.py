"""A connection that takes nothing without end: uvicorn's, with a limit on a request's head and on the time it takes.

uvicorn's own limit on heads is that of its slower parser (h11), and it waits for ever for the rest of a request, or for
the first. Bodies are limited where they are read (`api.problems.LARGEST_BODY`).
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD: Final = 65_536  # bytes of the request line and all headers
ARRIVAL: Final = 30.0  # seconds that a request may take to arrive
_TOO_LARGE: Final = b'{"type":"about:blank","title":"Request Header Fields Too Large","status":431,"detail":"%s"}' % (
    b"the request line and headers are larger than %d bytes" % LARGEST_HEAD
)
_REFUSAL: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/problem+json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
) % (len(_TOO_LARGE), _TOO_LARGE)


class Connection(HttpToolsProtocol):
    """One connection; a request that arrives in one piece costs it a few comparisons."""

    _in_head = True
    _head = 0  # bytes of the head that arrives
    _begun = False  # part of a request has arrived
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        going_on = self._begun and self._in_head
        super().data_received(data)
        if self.transport.is_closing():
            return
        if going_on and self._in_head:  # its first piece is not counted: the end of another request may be in it
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self.transport.write(_REFUSAL)
                self.transport.close()
                return
        if self._begun and self._deadline is None:
            self._wait()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun = True

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._in_head, self._head = False, 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._begun = True, False
        self._wait_no_more()

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(ARRIVAL, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
