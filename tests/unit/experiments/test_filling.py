"""The check of how arms were filled, after weights and coverage have changed and users have kept their arms."""

from datetime import timedelta

import duckdb
import numpy as np
import polars as pl
import pytest

from core.columns import CONTROL, TEST
from experiments.assignment import assign_many
from experiments.filling import ratio_looks
from experiments.ledger import Change
from experiments.plan import Plan
from tests.unit.experiments.plans import START, plan

DAY = timedelta(days=1)
EVENS, TENTH = {CONTROL: 0.5, TEST: 0.5}, {CONTROL: 0.1, TEST: 0.9}


def filled(plans: list[Plan], lost: float = 0.0) -> list[float | None]:
    """P-values by day: half of 40,000 users come each day, a plan holds from one noon to the next but two."""
    rng, first = np.random.default_rng(4), {}
    days = 3 * len(plans)
    for day in range(days):
        ids = np.flatnonzero(rng.random(40_000) < 0.5)
        arms, counted = assign_many(plans[day // 3], ids)
        counted &= (arms == 0) | (rng.random(len(ids)) >= lost)
        for user, arm in zip(ids[counted].tolist(), arms[counted].tolist(), strict=True):
            first.setdefault(user, (plans[0].arms[arm], START + day * DAY))
    rows = [(plans[0].salt, user, *entered) for user, entered in first.items()]
    member = pl.DataFrame(rows, ["salt", "user_id", "arm", "first_shown_at"], orient="row")  # noqa: F841
    changes = [
        Change(number, START + 3 * number * DAY, "ann", one.name, "weights" if number else "start", one)
        for number, one in enumerate(plans)
    ]
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA experiments; CREATE TABLE experiments.member AS FROM member")
        con.execute(
            "CREATE TABLE experiments.experiment_daily AS "
            "SELECT DISTINCT salt, CAST(first_shown_at AS DATE) AS day FROM member"
        )
        return [look.p_value for look in ratio_looks(con, plans[-1], changes)]


@pytest.mark.parametrize("coverage", [0.4, 1.0])
@pytest.mark.parametrize("lost", [0.0, 0.5])
def test_other_weights_are_no_alarm_and_lost_users_are(coverage: float, lost: float):
    before = plan(coverage=coverage, weights=EVENS)
    found = filled([before, before.reweigh(TENTH), before.reweigh(TENTH).cover(min(1, 2 * coverage))], lost)
    assert all(p is not None for p in found)
    assert (found[-1] < 0.001) == (lost > 0)
