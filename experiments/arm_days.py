"""Each day of each arm by itself, from `experiment_daily`: values with intervals, guardrails, and how the arms fare.

The effects come from users' totals (`moments.py`); these are what a person sees go up and down.
"""

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import duckdb
import numpy as np

from experiments.compared import number
from experiments.report_schema import ArmDay, GuardrailDay, Range
from experiments.verdict import ArmHealth

# users seen in both arms of a salt are left out, as from everything
COUNTED = """
    WITH crossed AS (
        SELECT user_id FROM experiments.experiment_daily WHERE salt = $salt GROUP BY user_id HAVING count(DISTINCT arm) > 1
    ),
    counted AS (FROM experiments.experiment_daily ANTI JOIN crossed USING (user_id) WHERE salt = $salt)
"""


def arm_days(
    con: duckdb.DuckDBPyConnection, salt: str, numerator: str, denominator: str | None, level: float
) -> list[ArmDay]:
    """The ratio of two columns' totals, or the mean of one, on each day; a user's day is one observation.

    The interval is the delta method's: var(a / b) = (var a - 2 r cov(a, b) + r² var b) / (n mean(b)²).
    """
    below = denominator or "1"
    rows = con.execute(
        f"""
        {COUNTED}
        SELECT
            day, arm, count(*)::BIGINT, avg({numerator}), avg({below}), var_samp({numerator}), var_samp({below}),
            covar_samp({numerator}, {below})
        FROM counted GROUP BY day, arm ORDER BY day, arm
        """,
        {"salt": salt},
    ).fetchall()
    z = NormalDist().inv_cdf((1 + level) / 2)
    found = []
    for day, arm, users, a, b, var_a, var_b, cov in rows:
        if not b:
            found.append(ArmDay(day, arm, users, Range(None, None, None)))
            continue
        ratio = a / b
        if users < 2:
            found.append(ArmDay(day, arm, users, Range(ratio, None, None)))
            continue
        error = z * math.sqrt(max(var_a - 2 * ratio * cov + ratio**2 * var_b, 0.0) / users) / b
        found.append(ArmDay(day, arm, users, Range(ratio, ratio - error, ratio + error)))
    return found


def guardrails(con: duckdb.DuckDBPyConnection, salt: str) -> list[GuardrailDay]:
    """`experiments.guardrail_daily` as it is."""
    names = [name for name in GuardrailDay.__struct_fields__]
    rows = con.execute(
        f"SELECT {', '.join(names)} FROM experiments.guardrail_daily WHERE salt = $salt ORDER BY day, arm", {"salt": salt}
    ).fetchall()
    return [GuardrailDay(**{name: _told(value) for name, value in zip(names, row, strict=True)}) for row in rows]


def health(con: duckdb.DuckDBPyConnection, salt: str) -> dict[str, ArmHealth]:
    """Each arm since the start: its users, and whether what it answered arrives and is sound; by arm, sorted."""
    rows = con.execute(
        f"""
        {COUNTED}
        SELECT arm, count(DISTINCT user_id) FILTER (answers > 0), sum(viewed) / nullif(sum(shown), 0)
        FROM counted GROUP BY arm ORDER BY arm
        """,
        {"salt": salt},
    ).fetchall()
    days = guardrails(con, salt)
    return {
        arm: ArmHealth(users, _or_nan(viewed), **_guarded([day for day in days if day.arm == arm]))
        for arm, users, viewed in rows
    }


def _guarded(days: list[GuardrailDay]) -> Mapping[str, float]:
    latencies = [day.latency_p99 for day in days if day.latency_p99 is not None]
    shares = [(day.fallbacks, day.answers) for day in days if day.fallbacks is not None and day.answers]
    return {
        # of an ordinary day: one bad hour of the service is no property of a ranker
        "latency": float(np.median(latencies)) if latencies else math.nan,
        "fallbacks": (
            sum(share * answers for share, answers in shares) / sum(answers for _, answers in shares)
            if shares
            else math.nan
        ),
    }


def _told(value: Any) -> Any:
    return number(value) if isinstance(value, float) else value


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)
