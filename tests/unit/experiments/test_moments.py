"""Moments by SQL are those of users' totals, computed one day after the other."""

from datetime import date, timedelta
from itertools import combinations

import duckdb
import numpy as np
import polars as pl
import pytest

from core.errors import NotFound
from core.settings import Settings
from experiments.daily import update_daily
from experiments.moments import NAMES, arm_counts, crossed, last_moments, moments
from experiments.moments import credits as likes_by_team
from tests.unit.experiments.shown import SALT, at, empty_warehouse, happen, show

START = at("00:00")
DAYS, BEFORE = 4, 5
SUMMED = ["answers", "shown", "viewed", "liked", "hits", "likes"]


@pytest.fixture(scope="module")
def con():
    """Thirty users, of whom user 0 is seen in both arms, and user 1 appears on the second day."""
    rng = np.random.default_rng(3)
    with empty_warehouse() as con:
        con.execute("CREATE OR REPLACE TABLE raw.users AS SELECT range AS user_id, NULL AS os FROM range(30)")
        con.execute("UPDATE raw.users SET os = CASE user_id % 3 WHEN 0 THEN 1 WHEN 1 THEN 2 END")
        for user in range(30):
            for hour in rng.integers(24 if user == 1 else 0, 24 * DAYS, rng.integers(2, 7)).tolist():
                arm = "test" if user % 2 or (user == 0 and hour > 40) else "control"
                when = START + timedelta(hours=hour, minutes=user, seconds=int(rng.integers(60)))
                show(con, user, rng.permutation(20)[:3].tolist(), when, arm)
            for minute in rng.integers(-BEFORE * 1440 * (user % 5 > 0), DAYS * 1440, 60).tolist():
                action = "like" if rng.random() < 0.5 else "view"
                happen(con, user, action, int(rng.integers(20)), START + timedelta(minutes=minute))
        show(con, 0, [1], at("01:00"), "control")
        show(con, 0, [1], at("02:00"), "test")
        happen(con, 99, "view", 99, at("23:59", day=DAYS + 1))
        update_daily(con, Settings())
        yield con


def totals(con: duckdb.DuckDBPyConnection, until: date) -> pl.DataFrame:
    """A row a user of one arm: totals from the start to the end of the day."""
    daily = con.sql("FROM experiments.experiment_daily WHERE user_id <> 0").pl().filter(pl.col("day") <= until)
    before = con.execute(
        "SELECT user_id, count(*) FILTER (action = 'like') AS pre_likes FROM raw.events "
        "WHERE event_time BETWEEN ? AND ? GROUP BY ALL",
        [START - timedelta(days=BEFORE), START - timedelta(microseconds=1)],
    ).pl()
    return (
        daily.group_by("user_id", "arm").agg(pl.col(SUMMED).sum())
        .with_columns(hit=(pl.col("hits") > 0).cast(pl.Int64))
        .join(before, "user_id", "left")
        .with_columns(
            history=pl.when(pl.col("pre_likes").is_null()).then(pl.lit("new")).otherwise(pl.lit("regular")),
            os=(pl.col("user_id") % 3).replace_strict({0: "1", 1: "2", 2: "unknown"}),
            pre_likes=pl.col("pre_likes").fill_null(0),
        )
    )  # fmt: skip


@pytest.mark.parametrize("by", [None, "history", "os"])
def test_each_day_has_the_moments_of_the_totals_until_then(con, by):
    table = moments(con, SALT, START, BEFORE, by=by)
    assert table["day"].n_unique() == DAYS + (table["day"].max() > at("00:00", DAYS).date())
    seen = 0
    for row in table.iter_rows(named=True):
        mine = totals(con, row["day"]).filter(pl.col("arm") == row["arm"])
        if by:
            mine = mine.filter(pl.col(by) == row["segment"])
        values = mine.select(NAMES).to_numpy().astype(float)
        assert row["users"] == len(values)
        seen += row["users"]
        expected = np.cov(values.T) if len(values) > 1 else np.full((len(NAMES),) * 2, np.nan)
        np.testing.assert_allclose([row[f"mean_{a}"] for a in NAMES], values.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose([row[f"var_{a}"] for a in NAMES], np.diag(expected), rtol=1e-9, atol=1e-12)
        for (i, a), (j, b) in combinations(enumerate(NAMES), 2):
            np.testing.assert_allclose(row[f"cov_{a}_{b}"], expected[i, j], rtol=1e-9, atol=1e-12)
    assert seen == sum(len(totals(con, day)) for day in table["day"].unique())
    if by:
        last = last_moments(con, SALT, START, BEFORE, [by])[by]
        assert last.equals(table.filter(pl.col("day") == pl.col("day").max()))


def test_users_of_both_arms_are_counted_apart(con):
    assert crossed(con, SALT) == 1
    counts = arm_counts(con, SALT)
    assert counts.filter(pl.col("day") == pl.col("day").max())["users"].to_list() == [15, 16]  # user 0 in both
    assert counts["users"].is_between(1, 16).all()
    assert counts.sort("day").group_by("arm").agg(pl.col("users").diff().min())["users"].min() >= 0


def test_what_is_not_there_has_no_rows_and_an_unknown_segment_says_which_there_are(con):
    for table in (moments(con, "other", START, BEFORE), arm_counts(con, "other"), likes_by_team(con, "other")):
        assert table.is_empty()
    assert crossed(con, "other") == 0
    with pytest.raises(NotFound, match="no column 'age'; there are: os, history"):
        moments(con, SALT, START, BEFORE, by="age")
