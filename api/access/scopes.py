"""What a route needs, said once, in its decorator: `security=RECOMMEND`.

`/schema` shows it, and `api.access.door` asks for it. A route that says nothing needs `operate`, so that a forgotten
word closes a door and opens none.
"""

from collections.abc import Sequence
from typing import Final, cast

from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import Components, SecurityRequirement, SecurityScheme

from api.access.keys import MEANINGS, Scope

BEARER: Final = "bearer"
HEADER: Final = "header"


def _needs(scope: Scope) -> list[SecurityRequirement]:
    return [{BEARER: [scope]}, {HEADER: [scope]}]  # either will do


RECOMMEND: Final = _needs("recommend")
WRITE: Final = _needs("write")
OPERATE: Final = _needs("operate")
OPEN: Final[list[SecurityRequirement]] = [{}]


def needed(handler: BaseRouteHandler) -> Scope | None:
    """The scope that a route asks for; None if it is open to everybody. What it says itself wins over its router."""
    declared: Sequence[SecurityRequirement] = getattr(handler, "resolve_security", list)()
    if not declared:
        return "operate"
    return next((cast("Scope", scope) for (scope,) in declared[-1].values()), None)


def described() -> Components:
    """For `/schema`: how to send a key."""
    scopes = "; ".join(f"`{scope}`: {meaning}" for scope, meaning in MEANINGS.items())
    return Components(
        security_schemes={
            BEARER: SecurityScheme(
                type="http",
                scheme="bearer",
                bearer_format="feedrank_…",
                description=f"The token of a key that has the scope. {scopes}. On the machine's own address, a service "
                "without keys asks for none.",
            ),
            HEADER: SecurityScheme(
                type="apiKey", name="X-API-Key", security_scheme_in="header", description="The same token."
            ),
        }
    )
