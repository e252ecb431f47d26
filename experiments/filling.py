"""How the arms were filled, day by day: the sample ratio, also when the weights have changed meanwhile."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import duckdb

from experiments.compared import number
from experiments.ledger import Change
from experiments.plan import Plan
from experiments.report_schema import RatioLook
from experiments.statistics.sample_ratio import always_valid_sample_ratio

# each user once, in the arm first seen in: who is moved by other weights is no new user of the second
NEW_USERS: Final = """
    WITH entered AS (
        SELECT arg_min(arm, first_shown_at) AS arm, CAST(min(first_shown_at) AS DATE) AS day
        FROM experiments.member WHERE salt = $salt GROUP BY user_id
    ),
    days AS (SELECT DISTINCT day FROM experiments.experiment_daily WHERE salt = $salt)
    SELECT day, list(arm), list(users) FROM (
        SELECT day, arm, count(entered.day) AS users FROM days LEFT JOIN entered USING (day) GROUP BY day, arm
    ) GROUP BY day ORDER BY day
"""


def ratio_looks(con: duckdb.DuckDBPyConnection, plan: Plan, changes: Sequence[Change]) -> list[RatioLook]:
    """Users first seen until each day by arm, and whether that agrees with the weights, safe to look at every day.

    What is expected are the weights of the day on which a user was first seen. A day on which they were changed has
    users of both and is not compared.
    """
    seen, compared = dict.fromkeys(plan.arms, 0), dict.fromkeys(plan.arms, 0)
    expected = dict.fromkeys(plan.arms, 0.0)
    looks = []
    for day, arms, users in con.execute(NEW_USERS, {"salt": plan.salt}).fetchall():
        new = {**dict.fromkeys(plan.arms, 0), **{arm: count for arm, count in zip(arms, users, strict=True) if arm}}
        weights = _weights(day, plan, changes)
        for arm in plan.arms:
            seen[arm] += new[arm]
            if weights is not None:
                compared[arm] += new[arm]
                expected[arm] += weights[arm] * sum(new.values())
        p_value = None
        if sum(compared.values()):
            p_value = number(always_valid_sample_ratio([*compared.values()], [*expected.values()]))
        looks.append(RatioLook(day, dict(seen), p_value))
    return looks


def _weights(day: date, plan: Plan, changes: Sequence[Change]) -> dict[str, float] | None:
    """Those that held all day; None if they were changed on it."""
    if any(change.action == "weights" and change.at.date() == day for change in changes):
        return None
    before = [change.plan for change in changes if change.at.date() <= day]
    return (before[-1] if before else plan).weights
