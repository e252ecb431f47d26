"""The snapshot that is to be served: is there one, is it whole, how old is it?"""

from collections.abc import Iterable
from datetime import UTC, datetime

from core.errors import SnapshotError, SnapshotNotFound, SnapshotOfOtherVersion
from core.settings import Settings
from feedrank.checks.finding import Finding, spoken
from warehouse.snapshots import current, refused_ids, verify


def check_snapshot(settings: Settings) -> Iterable[Finding]:
    """Every file of the current one is read, as an API does before it serves it."""
    try:
        snapshot = current(settings)
        verify(snapshot)
    except SnapshotNotFound as error:
        yield Finding(
            "wrong", "snapshot", str(error), "feedrank up trains one; or prefect deployment run retrain/nightly"
        )
        return
    except SnapshotOfOtherVersion as error:
        yield Finding("wrong", "snapshot", str(error), "prefect deployment run retrain/nightly")
        return
    except SnapshotError as error:
        yield Finding("wrong", "snapshot", str(error), "feedrank snapshot rollback, or retrain")
        return
    age = datetime.now(UTC) - snapshot.manifest.created_at
    seen = f"{snapshot.id} is whole, schema version {snapshot.manifest.schema_version}, {spoken(age)} old"
    if age > settings.doctor.snapshot_age:
        remedy = "look at the runs of refresh/quarter-hourly and retrain/nightly (doctor.snapshot_age is the limit)"
        yield Finding("warning", "snapshot", seen, remedy)
    else:
        yield Finding("ok", "snapshot", seen)
    newer = sorted(name for name in refused_ids(settings) if name > snapshot.id)
    if newer:
        remedy = f"feedrank snapshot show {newer[-1]} says why; feedrank snapshot promote {newer[-1]} overrides"
        yield Finding("warning", "promotion gate", f"{newer[-1]} was trained later and not promoted", remedy)
