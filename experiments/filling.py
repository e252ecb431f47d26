"""How the arms were filled, day by day: the sample ratio, also when weights and coverage have changed meanwhile."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from experiments.assignment import places
from experiments.buckets import BUCKETS, OUTSIDE
from experiments.compared import number
from experiments.ledger import Change
from experiments.plan import Plan
from experiments.report_schema import RatioLook
from experiments.statistics.sample_ratio import always_valid_sample_ratio

# each user once, in the arm first seen in: who is moved by other weights is no new user of the second
ENTERED: Final = """
    SELECT
        CAST(min(first_shown_at) AS DATE) AS day,
        list_position($arms, arg_min(arm, first_shown_at)) - 1 AS arm,
        user_id
    FROM experiments.member
    WHERE salt = $salt AND list_contains($arms, arm)
    GROUP BY user_id
    ORDER BY day
"""
DAY: Final = timedelta(days=1)
DAYS: Final = "SELECT DISTINCT day FROM experiments.experiment_daily WHERE salt = ? ORDER BY day"


def ratio_looks(con: duckdb.DuckDBPyConnection, plan: Plan, changes: Sequence[Change]) -> list[RatioLook]:
    """Users first seen until each day by arm, and whether that agrees with the weights, safe to look at every day.

    What is expected are the weights of the day on which a user was first seen: afterwards users keep their arm. A day
    on which they were changed has users of both and is not compared.
    """
    rows = con.execute(ENTERED, {"salt": plan.salt, "arms": plan.arms}).fetchnumpy()
    arms, entered, buckets = rows["arm"], rows["day"], places(plan, rows["user_id"])
    seen, compared = np.zeros(len(plan.arms), np.int64), np.zeros(len(plan.arms), np.int64)
    expected = np.zeros(len(plan.arms))
    looks = []
    for (day,) in con.execute(DAYS, [plan.salt]).fetchall():
        new = slice(*np.searchsorted(entered, np.array([day, day + DAY], entered.dtype)))
        seen += np.bincount(arms[new], minlength=len(seen))
        if not any(change.action == "weights" and change.at.date() == day for change in changes):
            plans = [change.plan for change in changes if change.at.date() <= day] or [plan]
            took_in = plans[-1].arm_of_bucket[buckets[new]] != OUTSIDE
            compared += np.bincount(arms[new][took_in], minlength=len(seen))
            expected += _expected(plans, buckets[new][took_in])
        p_value = None
        if compared.any():
            p_value = number(always_valid_sample_ratio(compared.tolist(), expected.tolist()))
        looks.append(RatioLook(day, dict(zip(plan.arms, seen.tolist(), strict=True)), p_value))
    return looks


def _expected(plans: Sequence[Plan], buckets: NDArray[np.uint16]) -> NDArray[np.float64]:
    """How many of the users with these buckets, new under the last of the plans, should be in each arm, (arms,).

    Where only part of the users is covered, other weights move the arms' ranges: to buckets that were outside until
    then, whose users are all new, and to buckets of which most users have been seen, and no longer enter as new ones.
    New users then do not enter by the weights. Only buckets that have been inside and outside at the same times are
    alike, so users are expected in the arms as such buckets are.
    """
    alike = np.zeros(BUCKETS, np.int64)
    for plan in plans:
        alike = np.unique(2 * alike + (plan.arm_of_bucket != OUTSIDE), return_inverse=True)[1]
    arms, groups = len(plans[-1].arms), int(alike.max()) + 1
    arm_of = plans[-1].arm_of_bucket
    inside = arm_of != OUTSIDE
    width = np.bincount(alike[inside] * arms + arm_of[inside], minlength=groups * arms).reshape(groups, arms)
    users = np.bincount(alike[buckets], minlength=groups)
    shares: NDArray[np.float64] = width / np.maximum(width.sum(axis=1, keepdims=True), 1)
    return np.asarray(users @ shares)
