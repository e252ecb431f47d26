"""Who is let in: keys, and whether anybody could listen."""

from collections.abc import Iterable

from api.access.addresses import is_own
from api.access.door import refuse_unguarded
from api.access.keys import read
from core.errors import FeedrankError
from core.settings import Settings
from feedrank.checks.finding import Finding


def check_access(settings: Settings) -> Iterable[Finding]:
    """What `python -m api` would say at its start, and what it would not."""
    try:
        refuse_unguarded(settings)
        keys = read(settings.keys_folder)
    except FeedrankError as error:
        yield Finding("wrong", "API access", str(error), "docs/security.md")
        return
    api = settings.api
    if not is_own(api.host) and api.certfile is None:
        remedy = "set api.certfile and api.keyfile, unless a proxy before it has TLS"
        yield Finding("warning", "API access", f"{len(keys)} keys; they travel as they are, without TLS", remedy)
    elif keys and api.ask_keys:
        yield Finding("ok", "API access", f"{len(keys)} keys")
    else:
        yield Finding("ok", "API access", "no key is asked for, on this machine's own address alone")
