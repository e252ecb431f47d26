"""Each day of each arm by itself, from `experiment_daily`: values with intervals, guardrails, and how the arms fare.

The effects come from users' totals (`moments.py`); these are what a person sees go up and down.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Any, Final

import duckdb
from msgspec.structs import replace

from experiments.compared import as_range, number
from experiments.metrics import Metric, figure
from experiments.moments import CROSSED
from experiments.report_schema import ArmDay, GuardrailDay
from experiments.statistics.effects import UNKNOWN, interval
from experiments.statistics.moments import Moments
from experiments.verdict import ArmHealth

# of experiment_daily, where a name of the moments is no column of it
COLUMNS: Final = {"hit": "CAST(hits > 0 AS INTEGER)"}
# users seen in both arms of a salt are left out, as from everything
COUNTED = f"""
    WITH crossed AS ({CROSSED}),
    counted AS (FROM experiments.experiment_daily ANTI JOIN crossed USING (user_id) WHERE salt = $salt)
"""


def arm_days(con: duckdb.DuckDBPyConnection, salt: str, metric: Metric, level: float) -> list[ArmDay]:
    """The metric on each day; a user's day is one observation."""
    names = sorted({metric.numerator, metric.denominator or metric.numerator})
    columns = {name: COLUMNS.get(name, name) for name in names}
    told = [f"avg({column}) AS mean_{name}, var_samp({column}) AS var_{name}" for name, column in columns.items()]
    if len(names) == 2:
        told.append(f"covar_samp({columns[names[0]]}, {columns[names[1]]}) AS cov_{names[0]}_{names[1]}")
    days = con.execute(
        f"""
        {COUNTED}
        SELECT day, arm, count(*) AS users, {", ".join(told)} FROM counted GROUP BY day, arm ORDER BY day, arm
        """,
        {"salt": salt},
    ).pl()
    found = []
    for row in days.iter_rows(named=True):
        one = figure(metric, Moments.from_row(row))
        error = math.sqrt(one.variance / one.count)
        around = interval(one.value, error, one.count - 1.0, level) if one.count > 1 else UNKNOWN
        found.append(ArmDay(row["day"], row["arm"], one.count, replace(as_range(around), value=number(one.value))))
    return found


def guardrails(con: duckdb.DuckDBPyConnection, salt: str) -> list[GuardrailDay]:
    """`experiments.guardrail_daily` as it is."""
    names = list(GuardrailDay.__struct_fields__)
    rows = con.execute(
        f"SELECT {', '.join(names)} FROM experiments.guardrail_daily WHERE salt = $salt ORDER BY day, arm",
        {"salt": salt},
    ).fetchall()
    return [GuardrailDay(**{name: _told(value) for name, value in zip(names, row, strict=True)}) for row in rows]


def health(con: duckdb.DuckDBPyConnection, salt: str) -> dict[str, ArmHealth]:
    """Each arm since the start: its users, and whether what it answered arrives and is sound; by arm, sorted."""
    rows = con.execute(
        f"{COUNTED} SELECT arm, count(DISTINCT user_id) FILTER (answers > 0) FROM counted GROUP BY arm ORDER BY arm",
        {"salt": salt},
    ).fetchall()
    days = guardrails(con, salt)
    return {arm: _health(users, [day for day in days if day.arm == arm]) for arm, users in rows}


def _health(users: int, days: list[GuardrailDay]) -> ArmHealth:
    latencies = [day.latency_p99 for day in days if day.latency_p99 is not None]
    return ArmHealth(
        users=users,
        seen=1 - _share([(day.unseen, day.answers) for day in days]),
        # of an ordinary day: one bad hour of the service is no property of a ranker
        latency=median(latencies) if latencies else math.nan,
        fallbacks=_share([(day.fallbacks, day.answers) for day in days]),
    )


def _share(days: Sequence[tuple[float | None, int]]) -> float:
    """Over all answers, from the shares of days and their answers; NaN where nothing is known."""
    known = [(share, answers) for share, answers in days if share is not None]
    total = sum(answers for _, answers in known)
    return sum(share * answers for share, answers in known) / total if total else math.nan


def _told(value: Any) -> Any:
    return number(value) if isinstance(value, float) else value
