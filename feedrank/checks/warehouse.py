"""The warehouse: who holds it, and how the last runs ended."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from core.errors import FeedrankError, WarehouseBusy, WarehouseUnreachable
from core.settings import Settings
from feedrank.checks.finding import Finding, spoken
from warehouse.connection import connect, is_lake
from warehouse.lock import lock_holder, warehouse_lock

LAST_RUNS = "SELECT kind, status, finished_at, detail FROM meta.runs QUALIFY row_number() OVER " + (
    "(PARTITION BY kind ORDER BY finished_at DESC) = 1 ORDER BY kind"
)


def check_warehouse(settings: Settings) -> Iterable[Finding]:
    """The lock, and behind it the runs."""
    try:
        holder = lock_holder(settings)
    except WarehouseUnreachable as error:
        yield Finding("wrong", "warehouse lock", str(error), "start the catalogue's PostgreSQL, or correct its address")
        return
    if holder is not None:
        remedy = "if it does not end, look at that process; the lock ends with it"
        yield Finding("ok", "warehouse lock", f"held by {holder}", remedy)
        yield Finding("ok", "last runs", "cannot be read while the warehouse is held")
        return
    yield Finding("ok", "warehouse lock", "free")
    if not is_lake(settings) and not settings.warehouse_file.exists():
        yield Finding("warning", "last runs", "nothing has been copied yet", "run retrain/nightly, or feedrank up")
        return
    yield from _last_runs(settings)


def _last_runs(settings: Settings) -> Iterable[Finding]:
    at_once = settings.warehouse.model_copy(update={"lock_wait": timedelta(0)})
    try:
        # under the lock: a run that begins meanwhile waits for us, where DuckDB would turn it away
        with (
            warehouse_lock(settings.model_copy(update={"warehouse": at_once}), "feedrank doctor"),
            connect(settings, read_only=True) as warehouse,
        ):
            runs = warehouse.execute(LAST_RUNS).fetchall()
    except WarehouseBusy:
        yield Finding("ok", "last runs", "cannot be read while the warehouse is held")
        return
    except FeedrankError as error:
        yield Finding("wrong", "last runs", str(error), "move the warehouse away and copy anew")
        return
    now = datetime.now(UTC).replace(tzinfo=None)
    for kind, status, finished_at, detail in runs:
        seen = f"{kind} {status} {spoken(now - finished_at)} ago"
        if status == "succeeded":
            yield Finding("ok", "last runs", seen)
        else:
            yield Finding("warning", "last runs", f"{seen}: {detail}", "mend what it names, then run it again")
    if not runs:
        yield Finding("ok", "last runs", "none is on record")
