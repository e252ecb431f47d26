"""The interleaved design: which ranker's posts are liked more, when both fill one list in turns.

Every user is an own comparison: likes credited to test minus likes credited to control. What users have in common and
how much they read cancels out, which is why this needs far fewer of them than a split.
"""

import math
from statistics import NormalDist

import duckdb
import polars as pl

from core.columns import CONTROL, DAY, TEST, USER_ID
from experiments.compared import as_range, from_effect, from_sequence
from experiments.moments import credits
from experiments.plan import Plan
from experiments.report_schema import Interleaving, Look
from experiments.statistics import Effect, Interval, always_valid

NAN = Interval(math.nan, math.nan, math.nan)


def interleaving(con: duckdb.DuckDBPyConnection, plan: Plan, level: float, tuning: int) -> tuple[Interleaving, Effect]:
    """What the credits say until each day, and the effect of the last."""
    days = _cumulative(credits(con, plan.salt))
    effects = [(row[DAY], row["users"], paired_effect(row, level)) for row in days.iter_rows(named=True)]
    looks = []
    for day, users, effect in effects:
        sequence = always_valid(effect, users, level, tuning)
        looks.append(Look(day, users, as_range(NAN), as_range(sequence.difference)))
    if not effects:
        nothing = paired_effect({"users": 0, "control": 0, "test": 0, "squares": 0}, level)
        told = from_effect(nothing)
        return Interleaving(0, 0, 0, told, told, []), nothing
    last, (_, users, effect) = days.row(-1, named=True), effects[-1]
    sequence = always_valid(effect, users, level, tuning)
    found = Interleaving(
        users=users,
        control=last[CONTROL],
        test=last[TEST],
        fixed=from_effect(effect),
        sequence=from_sequence(sequence, effect.reason),
        looks=looks,
    )
    return found, effect


def paired_effect(totals: dict[str, float], level: float) -> Effect:
    """The mean over users of test minus control, from the sums over users of both and of the squared difference."""
    users = totals["users"]
    if users < 2:
        told = f"{users:.0f} users have liked an interleaved post, at least 2 are needed"
        return Effect(math.nan, math.nan, NAN, NAN, math.nan, math.nan, told)
    control, test = totals[CONTROL] / users, totals[TEST] / users
    difference = test - control
    variance = max(totals["squares"] - users * difference**2, 0.0) / (users - 1)
    error = math.sqrt(variance / users)
    if error == 0:
        return Effect(control, test, NAN, NAN, math.nan, math.nan, "all users differ by the same number of likes")
    normal = NormalDist()
    margin = normal.inv_cdf((1 + level) / 2) * error
    p_value = 2 * normal.cdf(-abs(difference) / error)
    interval = Interval(difference, difference - margin, difference + margin)
    return Effect(control, test, interval, NAN, p_value, error, None)


def _cumulative(credited: pl.DataFrame) -> pl.DataFrame:
    """Until each day: users, likes of each team, and the sum over users of their squared difference."""
    difference = (pl.col(TEST) - pl.col(CONTROL)).cast(pl.Float64)
    until = difference.cum_sum().over(USER_ID, order_by=DAY)
    return (
        credited.sort(DAY, USER_ID)
        .with_columns(until.alias("until"), difference.alias("now"))
        .with_columns(
            # what a user's square grows by on this day: s² - (s - d)²
            (pl.col("until").pow(2) - (pl.col("until") - pl.col("now")).pow(2)).alias("squares"),
            (pl.col(DAY) == pl.col(DAY).min().over(USER_ID)).cast(pl.Int64).alias("users"),
        )
        .group_by(DAY)
        .agg(pl.col("users", CONTROL, TEST, "squares").sum())
        .sort(DAY)
        .with_columns(pl.col("users", CONTROL, TEST, "squares").cum_sum())
    )
