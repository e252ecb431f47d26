"""The interleaved design: which ranker's posts are liked more, when both fill one list by turns.

Every user is an own comparison: likes credited to test minus likes credited to control. What users have in common and
how much they read cancels out, which is why this needs far fewer of them than a split.
"""

from datetime import date

import duckdb
import polars as pl

from core.columns import CONTROL, DAY, TEST, USER_ID
from experiments.compared import as_range, from_effect, from_sequence
from experiments.moments import credits as likes_by_team
from experiments.plan import Plan
from experiments.report_schema import Interleaving, Look
from experiments.statistics.effects import Effect, paired_effect
from experiments.statistics.moments import Moments
from experiments.statistics.sequences import always_valid

BOTH = (CONTROL, TEST)
NOBODY = Moments(0, dict.fromkeys(BOTH, 0.0), dict.fromkeys(BOTH, 0.0), {BOTH: 0.0})


def interleaving(con: duckdb.DuckDBPyConnection, plan: Plan, level: float, tuning: int) -> tuple[Interleaving, Effect]:
    """What the credits say until each day, and the effect of the last."""
    return from_credits(likes_by_team(con, plan.salt), level, tuning)


def from_credits(credited: pl.DataFrame, level: float, tuning: int) -> tuple[Interleaving, Effect]:
    """The same of a row a user and day: `day, user_id, control, test`."""
    users, looks = NOBODY, []
    for day, until in _until(credited):
        users, effect = until, paired_effect(until, CONTROL, TEST, level)
        sequence = always_valid(effect, users.count, level, tuning=tuning)
        looks.append(Look(day, users.count, as_range(sequence.relative), as_range(sequence.difference)))
    effect = paired_effect(users, CONTROL, TEST, level)
    sequence = always_valid(effect, users.count, level, tuning=tuning)
    found = Interleaving(
        users=users.count,
        control=round(users.mean[CONTROL] * users.count),
        test=round(users.mean[TEST] * users.count),
        fixed=from_effect(effect),
        sequence=from_sequence(sequence, effect.reason),
        looks=looks,
    )
    return found, effect


def _until(credited: pl.DataFrame) -> list[tuple[date, Moments]]:
    """Moments of the users' totals at the end of each day: sums over users, and of what their products grow by."""

    def grows(a: str, b: str) -> pl.Expr:
        now = [pl.col(name).cast(pl.Float64).cum_sum().over(USER_ID, order_by=DAY) for name in (a, b)]
        return now[0] * now[1] - (now[0] - pl.col(a)) * (now[1] - pl.col(b))

    days = (
        credited.with_columns(
            grows(CONTROL, CONTROL).alias("control²"),
            grows(TEST, TEST).alias("test²"),
            grows(CONTROL, TEST).alias("product"),
            (pl.col(DAY) == pl.col(DAY).min().over(USER_ID)).cast(pl.Int64).alias("users"),
        )
        .group_by(DAY)
        .agg(pl.col("users", CONTROL, TEST, "control²", "test²", "product").sum())
        .sort(DAY)
        .with_columns(pl.exclude(DAY).cum_sum())
    )
    return [(row[DAY], _moments(row)) for row in days.iter_rows(named=True)]


def _moments(sums: dict[str, float]) -> Moments:
    n = sums["users"]
    control, test = sums[CONTROL] / n, sums[TEST] / n
    freedom = max(n - 1, 1)
    return Moments(
        int(n),
        {CONTROL: control, TEST: test},
        {
            CONTROL: max(sums["control²"] - n * control**2, 0.0) / freedom,
            TEST: max(sums["test²"] - n * test**2, 0.0) / freedom,
        },
        {BOTH: (sums["product"] - n * control * test) / freedom},
    )
