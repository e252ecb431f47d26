"""What browsers are told with every answer, and what they must not be made to send."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

Headers = Iterable[tuple[bytes, bytes]]

# an answer that says something of its own under one of these names keeps it. No header opens anything to other
# origins (CORS), so their scripts can read nothing
SHIELD: Final = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
# a browser answers Basic by asking its user; the password is the token, the name may be anything
CHALLENGE: Final = (b"www-authenticate", b'Bearer realm="feedrank", Basic realm="feedrank", charset="UTF-8"')
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def shielded(headers: Headers, status: int) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, and those it lacks."""
    given = list(headers)
    names = {name for name, _ in given}
    given.extend(one for one in SHIELD.items() if one[0] not in names)
    if status == 401 and CHALLENGE[0] not in names:
        given.append(CHALLENGE)
    return given


def is_made_by_other_site(scope: Any) -> bool:
    """Whether a page of another site has made a browser send something that changes something here.

    Browsers send passwords along, and reach this machine's own address, whatever page tells them to. They say where a
    request comes from in Sec-Fetch-Site, older ones and those without TLS in Origin; programs say neither.
    """
    if scope["method"] in SAFE:
        return False
    headers = dict(scope["headers"])
    if (site := headers.get(b"sec-fetch-site")) is not None:
        return site not in (b"same-origin", b"none")
    if (origin := headers.get(b"origin")) is None:
        return False
    try:
        return urlsplit(origin).netloc != headers.get(b"host")
    except ValueError:
        return True
