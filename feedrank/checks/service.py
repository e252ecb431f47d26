"""The API: does it answer, and from the snapshot that it should?"""

from collections.abc import Iterable

from core.errors import ServiceError
from core.settings import Settings
from feedrank.checks.finding import Finding
from feedrank.http import api_address, get_json
from warehouse.snapshot_folder import current_id

TIMEOUT = 5.0  # seconds
START = "feedrank up, or python -m api; if it listens elsewhere, set api.host and api.port"


def check_service(settings: Settings) -> Iterable[Finding]:
    """Ask it as a load balancer does."""
    url = api_address(settings.api, settings.api.port)
    try:
        ready = get_json(f"{url}/health/ready", TIMEOUT)
        served, refused = ready["snapshot"], ready["refused"]
    except ServiceError as error:
        yield Finding("wrong", "API", str(error), START)
        return
    except (KeyError, TypeError, ValueError):
        yield Finding("wrong", "API", f"what answers at {url} is not feedrank", START)
        return
    current = current_id(settings.snapshots_folder)
    if refused is not None:
        remedy = "feedrank snapshot verify, then feedrank snapshot rollback or retrain"
        yield Finding("wrong", "API", f"serves {served}, it refuses {refused['snapshot']}: {refused['reason']}", remedy)
    elif served != current:
        remedy = "ask again in a few seconds; if it stays so, the API works in another FEEDRANK_HOME"
        yield Finding("warning", "API", f"{url} serves {served}, current is {current}", remedy)
    else:
        yield Finding("ok", "API", f"{url} serves {served}, the current one")
    if ready.get("source") == "away":
        remedy = "see the line about the source; the API looks for it again by itself"
        yield Finding("warning", "API overlay", "the source is away: answers come from the snapshot alone", remedy)
