"""What every page has in common: its frame, its language, and the headers that keep foreign code and frames out.

A handler takes a `Shell` and gives back `shell.page("feed.html", …)`. Rendering takes a millisecond or two and reading
DuckDB more, so handlers of pages run in a thread.
"""

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from litestar.plugins.htmx import HTMXRequest

from api.pages import assets, language
from api.parameters import INT64_MAX, INT64_MIN
from api.status import Status
from core.errors import SnapshotError
from experiments.templates_of import templates

if TYPE_CHECKING:
    from jinja2 import Environment

    from warehouse.snapshots import Snapshot

# scripts and styles come from this service's files only, never from within a page
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# beside those that every answer has, see api.access.browsers
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept-Language, Cookie, HX-Request",
}
# answers of 400 and above are shown as well: in the page's own place for trouble
HTMX: Final = msgspec.json.encode(
    {
        "includeIndicatorStyles": False,
        "allowEval": False,
        "allowScriptTags": False,
        "selfRequestsOnly": True,
        "historyCacheSize": 0,
        "refreshOnHistoryMiss": True,
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "[23]..", "swap": True},
            {"code": "[45]..", "swap": True, "error": True, "target": "#trouble", "swapOverride": "innerHTML"},
        ],
    }
).decode()


class Shell:
    """Renders for one request."""

    def __init__(self, request: HTMXRequest, status: Status) -> None:
        self.request = request
        self.status = status
        accepted = request.headers.get("accept-language", "")
        self.language = language.choose(request.cookies.get(language.COOKIE), accepted)

    def translate(self, text: str) -> str:
        """A text of the code's in the reader's language."""
        return language.translations(self.language).gettext(text)

    def page(
        self, template: str, *, status_code: int = HTTPStatus.OK, headers: dict[str, str] | None = None, **shown: Any
    ) -> Response[str]:
        """A page, or a part of one for htmx, from a file of `templates`."""
        content = environment(self.language).get_template(template).render(shell=self, **shown)
        return Response(
            content, status_code=status_code, media_type="text/html", headers={**HEADERS, **(headers or {})}
        )

    def picture(self, svg: str, seconds: int = 60) -> Response[str]:
        """An SVG to be shown by an `<img>`; kept by the browser for some seconds."""
        kept = {"Cache-Control": f"private, max-age={seconds}"}
        return Response(
            svg, media_type="image/svg+xml", headers={**HEADERS, "Content-Security-Policy": PICTURE, **kept}
        )

    @property
    def path(self) -> str:
        return str(self.request.scope["path"])

    @property
    def snapshot(self) -> "Snapshot | None":
        """What is served; None if nothing is."""
        try:
            return self.status.engine.serving.snapshot
        except SnapshotError:
            return None

    @property
    def source_is_away(self) -> bool:
        """Whether what happens in the network is not seen at the moment."""
        return self.status.source() == "away"


# an SVG of ours has its styles inside, and nothing else may happen in it
PICTURE: Final = "default-src 'none'; style-src 'unsafe-inline'"
# what a handler asks for
Shelled = NamedDependency[SkipValidation[Shell]]
AskedUser = Annotated[int | None, QueryParameter(name="user", ge=INT64_MIN, le=INT64_MAX)]


def _in(of: str, told: Callable[..., str]) -> Callable[..., str]:
    return lambda value, *more: told(value, of, *more)


@cache
def environment(of: str) -> "Environment":
    """Jinja in one language."""
    made = templates("api.pages", extensions=["jinja2.ext.i18n"], auto_reload=False)
    made.install_gettext_translations(language.translations(of), newstyle=True)  # type: ignore[attr-defined]
    for told in (language.number, language.percent, language.day, language.moment, language.since):
        made.filters[told.__name__] = _in(of, told)
    made.globals.update(asset=assets.address, languages=language.NAMES, htmx_config=HTMX)
    return made
