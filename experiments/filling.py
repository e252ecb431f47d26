"""How the arms were filled, day by day: the sample ratio, also when the weights have changed meanwhile."""

from collections.abc import Sequence
from datetime import date

import duckdb
import polars as pl

from core.columns import ARM, DAY
from experiments.compared import number
from experiments.ledger import Change
from experiments.moments import arm_counts
from experiments.plan import Plan
from experiments.report_schema import RatioLook
from experiments.statistics.sample_ratio import always_valid_sample_ratio


def ratio_looks(con: duckdb.DuckDBPyConnection, plan: Plan, changes: Sequence[Change]) -> list[RatioLook]:
    """Users first seen until each day by arm, and whether that agrees with the weights, safe to look at every day.

    What is expected are the weights of the day on which a user was first seen. A day on which they were changed has
    users of both and is left out.
    """
    counts = arm_counts(con, plan.salt)
    if counts.is_empty():
        return []
    arms = [*plan.arms]
    table = counts.pivot(ARM, index=DAY, values="users").sort(DAY)
    missing = [pl.lit(0).alias(arm) for arm in arms if arm not in table.columns]
    # cumulative: an arm that got nobody on a day stands where it stood
    table = table.with_columns(missing).with_columns(pl.col(arms).forward_fill().fill_null(0))
    looks, before = [], dict.fromkeys(arms, 0)
    compared, expected = dict.fromkeys(arms, 0), dict.fromkeys(arms, 0.0)
    for row in table.iter_rows(named=True):
        new = {arm: row[arm] - before[arm] for arm in arms}
        before = {arm: row[arm] for arm in arms}
        if (weights := _weights(row[DAY], plan, changes)) is not None:
            for arm in arms:
                compared[arm] += new[arm]
                expected[arm] += weights[arm] * sum(new.values())
        total = sum(compared.values())
        p_value = (
            always_valid_sample_ratio([compared[arm] for arm in arms], [expected[arm] / total for arm in arms])
            if total
            else None
        )
        looks.append(RatioLook(row[DAY], before, number(p_value)))
    return looks


def _weights(day: date, plan: Plan, changes: Sequence[Change]) -> dict[str, float] | None:
    """Those that held all day; None if they were changed on it."""
    plans = [change.plan for change in changes if change.at.date() <= day] or [plan]
    during = [change for change in changes if change.action == "weights" and change.at.date() == day]
    return None if during else plans[-1].weights
