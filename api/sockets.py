"""A listening socket a worker, so that the kernel divides new connections among them.

Workers that share one socket race for it, and the one that wakes first takes every connection that waits: sixteen
clients may end up with one worker while the other idles. With `SO_REUSEPORT` the kernel chooses by a hash of the
addresses (Linux, socket(7)).
"""

import os
import socket
import sys
from typing import Any


class OwnSocket:
    """Stands for a socket in the list that uvicorn hands its workers; each unpickles it into one of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port

    def __reduce__(self) -> tuple[Any, ...]:
        return bound, self._address


def bound(host: str, port: int, *, shared: bool = True) -> socket.socket:
    """A socket bound to the address. `shared`: others of this user may be bound to it the same way.

    Raises:
        OSError: the address is not ours, or somebody else has the port.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    found.set_inheritable(True)
    return found


def refuse_taken(host: str, port: int) -> None:
    """End the process with a message if the port is taken; sharing it must not let a second service in unseen."""
    try:
        bound(host, port, shared=False).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        sys.exit(
            f"api.host = {host!r}, api.port = {port} cannot be used: {reason}; choose another, or stop what has it"
        )
