"""The copy PostgreSQL → warehouse: one transaction here, one snapshot there.

All tables are read from the same PostgreSQL snapshot and committed together: a copy that is killed anywhere
leaves the warehouse as it was, and one that is run twice leaves the same rows.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import perf_counter

import duckdb
import pyarrow as pa

from core.errors import QualityError, SourceError
from core.logging import get_logger
from core.settings import Settings
from warehouse import quality
from warehouse.connection import connect
from warehouse.copy_events import copy_events, missed_events
from warehouse.copy_exposures import copy_exposures
from warehouse.copy_tables import copy_posts, copy_users
from warehouse.runs import record_run
from warehouse.source import SourceCatalog, attached_source, in_postgres, inspect_source, scrub

KIND = "copy"
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
    missed: int  # events older than the overlap that the source has and we do not; a full copy brings them
    watermark_before: datetime | None
    watermark_after: datetime
    full: bool
    seconds: float


def copy_source(settings: Settings, run_id: str, *, full: bool = False) -> CopyReport:
    """Bring users, posts and events of the warehouse up to the source. The caller holds `warehouse_lock`.

    Users and posts are replaced; of the events come those from the watermark less `warehouse.overlap` on, or all of
    them the first time and with `full`.

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
            with _transaction(connection):
                try:
                    report = _copy(connection, settings, catalog, run_id, full=full, started=started)
                except QualityError:
                    broken = quality.examples(connection)  # before the rollback takes them
                    raise
                record_run(connection, run_id, KIND, started_at, "succeeded", asdict(report))
        except QualityError as error:
            with _transaction(connection):
                quality.keep_examples(connection, run_id, broken)
                record_run(connection, run_id, KIND, started_at, "failed", {"error": str(error)})
            raise
        except duckdb.Error as error:
            raise SourceError(f"the copy failed, nothing has changed: {scrub(settings, str(error))}") from None
    if report.missed:
        logger.warning(
            "%s events of the source are older than the overlap (warehouse.overlap = %s) and have never been copied; "
            "run a full copy to bring them",
            f"{report.missed:,}",
            settings.warehouse.overlap,
        )
    return report


def _copy(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    catalog: SourceCatalog,
    run_id: str,
    *,
    full: bool,
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
    return CopyReport(
        read={table: verdict.read for table, verdict in verdicts.items()},
        copied={
            "users": verdicts["users"].read - verdicts["users"].rejected,
            "posts": verdicts["posts"].read - verdicts["posts"].rejected,
            "events": events.accepted,
        },
        rejected={table: verdict.rejected for table, verdict in verdicts.items()},
        rejected_by_rule={
            f"{table}.{rule}": count for table, verdict in verdicts.items() for rule, count in verdict.by_rule.items()
        },
        late=events.late,
        exposures=copy_exposures(connection, settings),
        missed=missed_events(connection, catalog.events, events.since) if events.since else 0,
        watermark_before=events.before,
        watermark_after=events.after,
        full=events.since is None,
        seconds=perf_counter() - started,
    )


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _source_clock(connection: duckdb.DuckDBPyConnection) -> datetime:
    """The source's time in UTC; the first query, so the snapshot of all tables is of this moment."""
    query = in_postgres("SELECT now() AT TIME ZONE 'UTC' AS clock")
    clock: datetime = connection.execute(f"SELECT clock FROM {query}").fetchall()[0][0]
    return clock
