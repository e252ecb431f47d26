"""The primary metric among parts of the users, and how far that can be trusted: many looks find something by chance."""

from collections.abc import Sequence
from typing import Final

import duckdb
import polars as pl
from msgspec.structs import replace

from core.columns import ARM, COMPARED, CONTROL, TEST
from experiments.compared import from_effect, number
from experiments.metrics import Metric, effect
from experiments.moments import HISTORY, SEGMENT, last_moments, profile_columns
from experiments.plan import Plan
from experiments.report_schema import Segment
from experiments.statistics.moments import Moments
from warehouse.connection import identifier

MOST_VALUES: Final = 12  # a column with more tells one user from another rather than parts of them
MOST_COLUMNS: Final = 12


def segments(
    con: duckdb.DuckDBPyConnection, plan: Plan, metric: Metric, before_days: int, level: float
) -> list[Segment]:
    """Every value of every column that has few, at the end of the last day; p-values corrected for all of them."""
    found = []
    for column, last in last_moments(con, plan.salt, plan.started_at, before_days, [HISTORY, *_columns(con)]).items():
        for name in sorted(last[SEGMENT].unique().to_list()):
            rows = last.filter(pl.col(SEGMENT) == name)
            arms = {row[ARM]: Moments.from_row(row) for row in rows.iter_rows(named=True)}
            if set(arms) >= set(COMPARED):
                found.append(_segment(column, name, arms, metric, level))
    return with_holm(found)


def with_holm(found: Sequence[Segment]) -> list[Segment]:
    """Holm's correction: the smallest p times their number, the next times one less, and none below the one before.

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    tested = sorted((one.p_value, place) for place, one in enumerate(found) if one.p_value is not None)
    corrected, least = {}, 0.0
    for rank, (p_value, place) in enumerate(tested):
        least = max(least, min(p_value * (len(tested) - rank), 1.0))
        corrected[place] = least
    return [replace(one, p_holm=corrected.get(place)) for place, one in enumerate(found)]


def _columns(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Profile columns of a few values, the fewest first."""
    names = profile_columns(con)
    if not names:
        return []
    counts = ", ".join(f"count(DISTINCT {identifier(name)})" for name in names)
    values = con.execute(f"SELECT {counts} FROM raw.users").fetchall()[0]
    few = sorted((count, name) for name, count in zip(names, values, strict=True) if 2 <= count <= MOST_VALUES)
    return [name for _, name in few[:MOST_COLUMNS]]


def _segment(column: str, name: str, arms: dict[str, Moments], metric: Metric, level: float) -> Segment:
    compared = effect(metric, arms[CONTROL], arms[TEST], level)
    told = from_effect(compared)
    return Segment(
        column=column,
        segment=name,
        users={arm: arms[arm].count for arm in COMPARED},
        control=number(compared.control),
        test=number(compared.test),
        relative=told.relative,
        p_value=told.p_value,
        p_holm=None,
        reason=told.reason,
    )
