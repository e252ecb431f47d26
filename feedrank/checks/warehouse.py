"""The warehouse: who holds it, how the last runs ended, and whether the copy has what the source has."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import duckdb

from core.errors import FeedrankError, WarehouseBusy, WarehouseUnreachable
from core.settings import Settings
from feedrank.checks.finding import Finding, spoken
from warehouse.connection import connect, is_lake
from warehouse.lock import lock_holder, warehouse_lock

LAST_RUNS = "SELECT kind, status, finished_at, detail FROM meta.runs QUALIFY row_number() OVER " + (
    "(PARTITION BY kind ORDER BY finished_at DESC) = 1 ORDER BY kind"
)

# kept by each copy of the days that it has compared; the nightly one compares all
GAPS = (
    "SELECT count(*), min(day), max(day), sum(greatest(source - held, 0)), sum(greatest(held - source, 0)) "
    "FROM meta.gaps"
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
            gaps = _known_gaps(warehouse)
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
    yield _gaps(*gaps)


def _known_gaps(warehouse: duckdb.DuckDBPyConnection) -> tuple[int, date, date, int, int]:
    try:
        found: tuple[int, date, date, int, int] = warehouse.execute(GAPS).fetchall()[0]
    except duckdb.CatalogException:  # nothing was copied since gaps are kept
        return 0, date.min, date.min, 0, 0
    return found


def _gaps(days: int, first: date, last: date, missing: int, surplus: int) -> Finding:
    if not days:
        return Finding("ok", "copy", "the days compared so far have what the source has")
    span = f"{first}" if days == 1 else f"{days:,} days from {first} to {last}"
    verb = "differs" if days == 1 else "differ"
    seen = f"{span} {verb} from the source: {missing:,} events missing, {surplus:,} too many"
    remedy = "prefect deployment run ingest/on-demand --param repair=true; ingest/nightly does it by itself"
    return Finding("warning", "copy", seen, remedy)
