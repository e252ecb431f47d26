"""Copies the days that differ from the source again, and no others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.settings import Settings
from warehouse import quality
from warehouse.connection import count
from warehouse.copy_events import copy_window
from warehouse.quality import Verdict
from warehouse.reconcile import Gap
from warehouse.source import Table
from warehouse.windows import Window


@dataclass(frozen=True)
class Healed:
    """What a repair did."""

    days: int = 0
    added: int = 0  # events that the source had and we did not
    removed: int = 0  # events that the source has no more


def heal(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    events: Table,
    run_id: str,
    clock: datetime,
    before: datetime | None,
    gaps: Sequence[Gap],
) -> tuple[Healed, Verdict]:
    """Make the days of `gaps` in `raw.events`, and what was rejected of them, the source's again.

    Raises:
        QualityError: too large a share of the rows that no copy has seen before breaks a rule.
    """
    window = Window.of(gap.day for gap in gaps)
    held = count(connection, "raw.events")
    quality.start(connection)
    verdict, removed = copy_window(connection, settings, events, run_id, clock, before, window, exact=True)
    quality.forget_events(connection, window)
    quality.keep(connection, run_id)
    return Healed(len(gaps), count(connection, "raw.events") - held + removed, removed), verdict
