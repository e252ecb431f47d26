"""The files that pages load, under addresses that change with their content, so that a browser asks for each once."""

import hashlib
from functools import cache
from importlib import resources
from pathlib import PurePath
from typing import Final, NamedTuple

from litestar import MediaType, Response, get
from litestar.params import FromPath

from core.errors import NotFound

MEDIA_TYPES: Final = {".css": MediaType.CSS, ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
PATH: Final = "/assets/"
HTMX: Final = ("js_lib_htmx", "static/htmx/htmx.min.js")  # of a package that carries nothing else


class Asset(NamedTuple):
    """A file as it is sent."""

    content: bytes
    media_type: str


@cache
def _named() -> dict[str, tuple[str, Asset]]:
    """By a file's own name: its name with a digest of its content, and the file."""
    ours = [(found.name, found.read_bytes()) for found in resources.files("api.pages.static").iterdir()]
    package, path = HTMX
    files = [*ours, ("htmx.js", resources.files(package).joinpath(path).read_bytes())]
    return {
        name: (_with_digest(name, content), Asset(content, MEDIA_TYPES[PurePath(name).suffix]))
        for name, content in files
        if PurePath(name).suffix in MEDIA_TYPES
    }


@cache
def _by_address() -> dict[str, Asset]:
    return dict(_named().values())


def address(name: str) -> str:
    """Where a page finds a file of `static`, or `htmx.js`."""
    return PATH + _named()[name][0]


@get(PATH + "{name:str}", sync_to_thread=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """A file that a page loads."""
    found = _by_address().get(name)
    if found is None:
        raise NotFound(f"there is no file {name!r} among what pages load; reload the page")
    return Response(found.content, media_type=found.media_type, headers=FOREVER)


def _with_digest(name: str, content: bytes) -> str:
    path = PurePath(name)
    return f"{path.stem}.{hashlib.sha256(content).hexdigest()[:12]}{path.suffix}"
