"""The door: who is let in, to what, and how often. A middleware of Litestar's around every route.

Keys are asked for as soon as there are any in `home/keys`. Without them the service answers on this machine's own
address alone: `python -m api` does not start on another, and what comes in by another is refused all the same.
"""

import base64
import binascii
import time
from http import HTTPStatus
from math import ceil
from typing import Any, Final

from litestar import Request
from litestar.handlers import BaseRouteHandler
from litestar.plugins.problem_details import ProblemDetailsException
from litestar.types import ASGIApp, Receive, Send
from litestar.types import Scope as Connection

from api.access import addresses, browsers
from api.access.keyring import Keyring
from api.access.keys import Key, Scope, find
from api.access.limits import Limiter
from api.access.scopes import needed
from api.problems import problem
from core.errors import SettingsError
from core.settings import Settings

RATE: Final = 1_000.0  # requests a second, where the settings say nothing and others can reach the service
MAKE: Final = "feedrank keys create NAME --scope {scope}"


class Door:
    """The door of one process."""

    def __init__(self, settings: Settings) -> None:
        self._keyring = Keyring(settings.keys_folder)
        self._asks = settings.api.ask_keys
        own = addresses.is_own(settings.api.host)
        self._rate = settings.api.rate_limit or (None if own else RATE)
        self._limiter = Limiter()
        self._needed: dict[BaseRouteHandler, Scope | None] = {}

    def around(self, app: ASGIApp) -> ASGIApp:
        """Litestar's middleware: `app`, for those who may."""

        async def admit(scope: Connection, receive: Receive, send: Send) -> None:
            self.admit(scope)
            await app(scope, receive, send)

        return admit

    def admit(self, scope: Any) -> None:
        """Let a request pass.

        Raises:
            ProblemDetailsException: 401 without a key, 403 with one that lacks the scope, 429 after too many.
        """
        if browsers.is_made_by_other_site(scope):
            raise problem(HTTPStatus.FORBIDDEN, "a page of another site has made the browser send this; it is refused")
        handler = scope["route_handler"]
        if handler not in self._needed:
            self._needed[handler] = needed(handler)
        wanted = self._needed[handler]
        if wanted is None or scope["method"] == "OPTIONS":  # which tells no more than the methods that a path takes
            return
        keys = self._keyring.keys()
        if not (self._asks and self._keyring.exists):
            self._admit_without_key(scope)
            return
        token = _token(scope["headers"])
        key = None if token is None else find(keys, token)
        if key is None:
            self._count_address(_client(scope), self._rate)
            raise _unknown(token, wanted)
        self._count(key.id, key.rate or self._rate)
        if not key.may(wanted):
            raise _lacks(key, wanted)

    def operator(self, request: Request[Any, Any, Any], typed: str | None = None) -> Key:
        """The operator's key of a request, `typed` into a form or sent as any key is. Asked for everywhere, on this
        machine's own address too; its name tells who it was.

        Raises:
            ProblemDetailsException: 401 without one, 403 with a key that may not operate; says what to do.
        """
        token = typed.strip().encode() if typed else _token(request.scope["headers"])
        key = None if token is None else find(self._keyring.keys(), token)
        if key is None:
            self._count_address(_client(request.scope), self._rate)
            raise _unknown(token, "operate")
        if not key.may("operate"):
            raise _lacks(key, "operate")
        return key

    def _admit_without_key(self, scope: Any) -> None:
        server, client = scope.get("server"), _client(scope)
        forwarded = addresses.is_foreign(client)  # by a proxy on this machine, which api.ask_keys = false trusts
        if (server is not None and addresses.is_foreign(server[0])) or (forwarded and self._asks):
            told = f"this service has no keys, so it answers to its own machine only; {MAKE.format(scope='recommend')}"
            raise problem(HTTPStatus.FORBIDDEN, f"{told} makes one there")
        self._count_address(client, self._rate or (RATE if forwarded else None))

    def _count_address(self, client: str, rate: float | None) -> None:
        self._count(addresses.site_of(client), rate)

    def _count(self, who: str, rate: float | None) -> None:
        if rate is None or (wait := self._limiter.wait(who, rate, time.monotonic())) == 0:
            return
        seconds = ceil(wait)
        raise problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"more than {rate:g} requests a second; the next may come in {seconds} s",
            headers={"Retry-After": str(seconds)},
        )


def refuse_unguarded(settings: Settings) -> None:
    """Raise SettingsError if others could reach the service and no key would keep them out."""
    host = settings.api.host
    if addresses.is_own(host):
        return
    reached = f"api.host = {host!r} can be reached from other machines"
    if not settings.api.ask_keys:
        raise SettingsError(
            f"{reached}, and api.ask_keys = false asks for no key; leave it out, or set api.host to 127.0.0.1"
        )
    if not Keyring(settings.keys_folder).keys():
        raise SettingsError(
            f"{reached}, and there is no key in {settings.keys_folder}: {MAKE.format(scope='recommend')} makes one; "
            "or set api.host to 127.0.0.1"
        )


def _client(scope: Any) -> str:
    client = scope.get("client")
    return client[0] if client else addresses.OWN_NAME


def _token(headers: browsers.Headers) -> bytes | None:
    """What a request shows as its token; None if it shows nothing."""
    shown = None
    for name, value in headers:
        if name == b"authorization":
            kind, _, rest = value.partition(b" ")
            kind = kind.lower()
            return rest.strip() if kind == b"bearer" else _password(rest) if kind == b"basic" else b""
        if name == b"x-api-key":
            shown = value
    return shown


def _password(credentials: bytes) -> bytes:
    try:
        return base64.b64decode(credentials.strip(), validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


def _unknown(token: bytes | None, wanted: Scope) -> ProblemDetailsException:
    what = "this needs a key" if token is None else "the key is not known here, or has been revoked"
    return problem(
        HTTPStatus.UNAUTHORIZED,
        f"{what}; send the token of one with scope {wanted} as Authorization: Bearer TOKEN. "
        f"{MAKE.format(scope=wanted)} makes one",
        extra={"scope": wanted},
    )


def _lacks(key: Key, wanted: Scope) -> ProblemDetailsException:
    return problem(
        HTTPStatus.FORBIDDEN,
        f"key {key.name!r} has scope {' and '.join(key.scopes)}, this needs {wanted}",
        extra={"scope": wanted},
        headers={"WWW-Authenticate": f'Bearer realm="feedrank", error="insufficient_scope", scope="{wanted}"'},
    )
