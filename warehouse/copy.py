"""The copy PostgreSQL → warehouse: one transaction here, one snapshot there.

All tables are read from the same PostgreSQL snapshot and committed together: a copy that is killed anywhere
leaves the warehouse as it was, and one that is run twice leaves the same rows.
"""

from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from time import perf_counter
from typing import Literal

import duckdb
import pyarrow as pa

from core.errors import QualityError, SourceError
from core.logging import get_logger
from core.settings import Settings
from warehouse import quality
from warehouse.connection import connect, transaction
from warehouse.copy_events import copy_events, set_newest
from warehouse.copy_exposures import copy_exposures
from warehouse.copy_tables import copy_posts, copy_users
from warehouse.reconcile import Gap, find_gaps, remember_gaps
from warehouse.repair import Healed, heal
from warehouse.runs import record_run
from warehouse.source import SourceCatalog, attached_source, in_postgres, inspect_source, scrub
from warehouse.windows import EVERYTHING, Window

KIND = "copy"
NAMED = 5  # days in the log; the report and meta.gaps have all
# which days are compared with the source after a copy: those that it has read of, or all; and whether those that differ
# are copied again
Reconcile = Literal["recent", "all", "repair"]
logger = get_logger(__name__)


@dataclass(frozen=True)
class CopyReport:
    """What one copy did; times in UTC without a zone."""

    read: dict[str, int]  # by table: rows looked at, those that an earlier copy had already rejected left out
    copied: dict[str, int]  # by table: rows written
    rejected: dict[str, int]  # by table
    rejected_by_rule: dict[str, int]  # by "table.rule", only rules that a row broke
    late: int  # events that came after the watermark had passed them
    exposures: int  # what the API showed: rows written
    watermark_before: datetime | None
    watermark_after: datetime
    full: bool
    healed: Healed
    gaps: list[Gap]  # days that differ from the source, as far as is known; a repair heals them
    seconds: float


def copy_source(settings: Settings, run_id: str, *, full: bool = False, reconcile: Reconcile = "recent") -> CopyReport:
    """Bring users, posts and events of the warehouse up to the source. The caller holds `warehouse_lock`.

    Users and posts are replaced; of the events come those from the watermark less `warehouse.overlap` on, or all of
    them the first time and with `full`. Then the days that were read of are compared with the source, or all of them.

    Raises:
        SourceUnreachable, SourceMismatch, SourceEmpty: the source cannot be used as it is.
        SourceError: it failed in the middle.
        QualityError: too large a share of rows breaks a rule; examples of them are in `quality.rejected`.
    """
    started_at, started = datetime.now(UTC), perf_counter()
    catalog = inspect_source(settings)
    with closing(connect(settings)) as connection, attached_source(connection, settings):
        broken: pa.Table | None = None
        try:
            with transaction(connection):
                try:
                    report = _copy(
                        connection, settings, catalog, run_id, full=full, reconcile=reconcile, started=started
                    )
                except QualityError:
                    broken = quality.examples(connection)  # before the rollback takes them
                    raise
                record_run(connection, run_id, KIND, started_at, "succeeded", asdict(report))
        except QualityError as error:
            with transaction(connection):
                quality.keep_examples(connection, run_id, broken)
                record_run(connection, run_id, KIND, started_at, "failed", {"error": str(error)})
            raise
        except duckdb.Error as error:
            raise SourceError(f"the copy failed, nothing has changed: {scrub(settings, str(error))}") from None
    if report.gaps:
        logger.warning(
            "events differ from the source's on days: %s; run ingest with repair = true to copy these days again",
            ", ".join(f"{gap.day} ({gap.source:,} there, {gap.held:,} here)" for gap in report.gaps[:NAMED])
            + ("" if len(report.gaps) <= NAMED else f", and {len(report.gaps) - NAMED:,} more"),
        )
    return report


def _copy(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    catalog: SourceCatalog,
    run_id: str,
    *,
    full: bool,
    reconcile: Reconcile,
    started: float,
) -> CopyReport:
    quality.start(connection)
    clock = _source_clock(connection)
    verdicts = {
        "users": copy_users(connection, settings, catalog, run_id),
        "posts": copy_posts(connection, settings, catalog, run_id),
    }
    events = copy_events(connection, settings, catalog.events, run_id, clock, full=full)
    verdicts["events"] = events.verdict
    quality.keep(connection, run_id)
    latest = clock + settings.warehouse.future_tolerance
    oldest = events.since or events.after - settings.warehouse.overlap
    compared = Window.since(datetime.combine(oldest, time())) if reconcile == "recent" else EVERYTHING
    gaps = find_gaps(connection, catalog.events, compared, latest)
    healed = Healed()
    if gaps and reconcile == "repair":
        healed, verdict = heal(connection, settings, catalog.events, run_id, clock, events.before, gaps)
        verdicts["events"] += verdict
        gaps = find_gaps(connection, catalog.events, Window.of(gap.day for gap in gaps), latest)
    late = connection.execute("SELECT count(*) FROM raw.events WHERE late_at = ?", [clock]).fetchall()[0][0]
    return CopyReport(
        read={table: verdict.read for table, verdict in verdicts.items()},
        copied={
            "users": verdicts["users"].read - verdicts["users"].rejected,
            "posts": verdicts["posts"].read - verdicts["posts"].rejected,
            "events": events.accepted + healed.added,
        },
        rejected={table: verdict.rejected for table, verdict in verdicts.items()},
        rejected_by_rule={
            f"{table}.{rule}": count for table, verdict in verdicts.items() for rule, count in verdict.by_rule.items()
        },
        late=late,
        exposures=copy_exposures(connection, settings),
        watermark_before=events.before,
        watermark_after=set_newest(connection, catalog.events),
        full=events.since is None,
        healed=healed,
        gaps=remember_gaps(connection, gaps, EVERYTHING if events.since is None else compared),
        seconds=perf_counter() - started,
    )


def _source_clock(connection: duckdb.DuckDBPyConnection) -> datetime:
    """The source's time in UTC; the first query, so the snapshot of all tables is of this moment."""
    query = in_postgres("SELECT now() AT TIME ZONE 'UTC' AS clock")
    clock: datetime = connection.execute(f"SELECT clock FROM {query}").fetchall()[0][0]
    return clock
