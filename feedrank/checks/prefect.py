"""Prefect: does its server answer, and does it take runs for running whose worker is dead?"""

import os
from collections.abc import Iterable

from core.prefect_address import last_address
from core.settings import Settings
from feedrank.checks.finding import Finding
from feedrank.http import is_answering
from feedrank.prefect_server import WORK_POOL

START = "feedrank up starts one; or set PREFECT_API_URL to yours"


def check_prefect(settings: Settings) -> Iterable[Finding]:
    """The server of PREFECT_API_URL, or the one that was started last for this home."""
    url = os.environ.get("PREFECT_API_URL") or last_address(settings)
    if url is None:
        yield Finding("warning", "Prefect", "no server has been started for this home", START)
        return
    if not is_answering(f"{url}/health"):
        yield Finding("warning", "Prefect", f"{url} does not answer: no schedule runs", START)
        return
    # Prefect reads its settings when it is imported
    os.environ["PREFECT_API_URL"] = url
    from feedrank.prefect_client import connect, orphaned_runs

    with connect(url) as client:
        orphans = orphaned_runs(client, WORK_POOL)
    if not orphans:
        yield Finding("ok", "Prefect", f"{url} answers, and no run is left without its worker")
    for run in orphans:
        state = run.state.name if run.state else "open"
        seen = f"run {run.name} counts as {state}, but its worker is dead; it keeps its deployment's next runs waiting"
        remedy = f"prefect flow-run cancel {run.id}; feedrank up closes such runs when it starts"
        yield Finding("wrong", "Prefect", seen, remedy)
