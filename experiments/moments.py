"""Sufficient statistics of an experiment, from its daily tables: means, variances and covariances of users' totals.

At the end of day D a user's total of a is A(D), the sum of the user's daily values a. Over users

    Σ A(D)·B(D) = Σ_{d ≤ D} Σ_users (A(d)·B(d) - A(d-1)·B(d-1)),

and a summand is 0 on a day on which the user has no row. So one pass over the daily rows gives every day's moments. All
of it is whole numbers, which are added and multiplied exactly, whatever the order.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import combinations_with_replacement
from typing import Final

import duckdb
import polars as pl

from core.columns import USER_ID
from core.errors import NotFound
from warehouse.connection import identifier, read_sql

DAILY: Final = ("answers", "shown", "viewed", "liked", "hits", "likes")  # columns of experiment_daily
# alphabetically, as covariances are named; hit: 1 for a user with any hit; pre_likes: likes before the start
NAMES: Final = tuple(sorted((*DAILY, "hit", "pre_likes")))
PAIRS: Final = tuple(combinations_with_replacement(NAMES, 2))
HISTORY: Final = "history"


def moments(
    con: duckdb.DuckDBPyConnection,
    salt: str,
    started_at: datetime,
    before_days: int,
    by: str | None = None,
    *,
    last_day: bool = False,
) -> pl.DataFrame:
    """Moments of users' totals from the start to the end of each day, by arm.

    Users seen in more than one arm are left out of all days, those before they were seen in the second included.

    Args:
        con: the warehouse.
        salt: of the experiment.
        started_at: UTC; likes of the `before_days` before it are `pre_likes`.
        before_days: how many days before the start are looked at.
        by: segments: a column of `raw.users`, or `HISTORY`, which divides users into regular ones, who viewed or liked
            anything in the `before_days`, and new ones. None: all users together.
        last_day: the end of the last day alone, which takes less time.

    Returns:
        A row a day, arm and segment: `day, arm[, segment], users`, and for a and b of `NAMES` `mean_a`, `var_a` (ddof
        1, NaN for one user) and `cov_a_b` for a < b. Sorted; days on which a group has no user yet have no row.

    Raises:
        NotFound: `raw.users` has no column `by`.
    """
    if last_day:
        sums = ", ".join(f"sum({name}) AS {name}" for name in DAILY)
        daily = f"SELECT user_id, (SELECT max(day) FROM counted) AS day, {sums} FROM counted GROUP BY user_id"
    else:
        daily = f"SELECT user_id, day, {', '.join(DAILY)} FROM counted"
    query = read_sql("experiments", "moments").format(
        segment=_segment(con, by),
        daily=daily,
        first="true" if last_day else "day = first_day",
        totals=_listed(f"sum({name}) OVER through_the_day AS {name}_now" for name in DAILY),
        steps=_listed(f"{name}::DOUBLE AS {name}" for daily in DAILY for name in (daily, f"{daily}_now")),
        grown=_listed([*(f"sum({a}) AS {a}" for a in NAMES), *(f"sum({_grown(a, b)}) AS {a}_{b}" for a, b in PAIRS)]),
        cumulated=_listed(
            f"coalesce(sum({name}) OVER until_the_day, 0)::HUGEINT AS {name}"
            for name in ("users", *NAMES, *(f"{a}_{b}" for a, b in PAIRS))
        ),
        moments=_listed(
            [
                *(f"{a} / users AS mean_{a}" for a in NAMES),
                *(f"{_covariance(a, b)} AS {_named(a, b)}" for a, b in PAIRS),
            ]
        ),
    )
    values = {"salt": salt, "started_at": started_at, "before": timedelta(days=before_days)}
    table = con.execute(query, values).pl()
    return table if by else table.drop("segment")


def crossed(con: duckdb.DuckDBPyConnection, salt: str) -> int:
    """How many users have been seen in more than one arm."""
    query = """
        SELECT count(*)
        FROM (SELECT user_id FROM experiments.member WHERE salt = ? GROUP BY user_id HAVING count(*) > 1)
    """
    return int(con.execute(query, [salt]).fetchall()[0][0])


def arm_counts(con: duckdb.DuckDBPyConnection, salt: str) -> pl.DataFrame:
    """Users of each arm whose first answer in it was shown until the end of each day: `day, arm, users`.

    Users of both arms count in both: the check of the sample ratio must see what the assignment did.
    """
    return con.execute(read_sql("experiments", "arm_counts"), {"salt": salt}).pl()


def credits(con: duckdb.DuckDBPyConnection, salt: str) -> pl.DataFrame:  # noqa: A001
    """Likes of interleaved lists by the arm that brought the post: `day, user_id, control, test`.

    A row for each user and day with such a list, likes or not.
    """
    query = "SELECT day, user_id, control, test FROM experiments.credit_daily WHERE salt = ? ORDER BY day, user_id"
    return con.execute(query, [salt]).pl()


def _segment(con: duckdb.DuckDBPyConnection, by: str | None) -> str:
    """The segment of a user `p` of `raw.users`, as SQL."""
    if by is None:
        return "'all'"
    if by == HISTORY:
        return "CASE WHEN b.user_id IS NULL THEN 'new' ELSE 'regular' END"
    columns = [name for name, *_ in con.execute("DESCRIBE raw.users").fetchall() if name != USER_ID]
    if by not in columns:
        raise NotFound(f"users have no column {by!r}; there are: {', '.join([*columns, HISTORY])}")
    return f"coalesce(CAST(u.{identifier(by)} AS VARCHAR), 'unknown')"


def _grown(a: str, b: str) -> str:
    return f"{a}_now * {b}_now - ({a}_now - {a}) * ({b}_now - {b})"


def _covariance(a: str, b: str) -> str:
    return f"CASE WHEN users > 1 THEN (users * {a}_{b} - {a} * {b}) / (users * (users - 1)) ELSE 'nan'::DOUBLE END"


def _named(a: str, b: str) -> str:
    return f"var_{a}" if a == b else f"cov_{a}_{b}"


def _listed(columns: Iterable[str]) -> str:
    return ",\n        ".join(columns)
