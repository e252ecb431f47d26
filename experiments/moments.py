"""Sufficient statistics of an experiment, from its daily tables: means, variances and covariances of users' totals.

The days are taken one by one, and each user's totals are kept. With P(d) and N(d) the totals, (users, names), before
and after day d of the users who have a row on it,

    Σ_users A(D)·B(D) = Σ_{d ≤ D} (N(d)ᵀN(d) - P(d)ᵀP(d))[a, b],

so a day costs what its rows cost, and two small products of matrices. Counts are whole numbers, and sums of their
products below 2^53 are exact as float64: the order of rows does not matter.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any, Final

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import ARM, DAY, USER_ID
from core.errors import NotFound
from warehouse.connection import identifier, read_sql

DAILY: Final = ("answers", "shown", "viewed", "liked", "hits", "likes")  # columns of experiment_daily
# alphabetically, as covariances are named; hit: 1 for a user with any hit; pre_likes: likes before the start
NAMES: Final = tuple(sorted((*DAILY, "hit", "pre_likes")))
HISTORY: Final = "history"
SEGMENT: Final = "segment"
CROSSED: Final = "SELECT user_id FROM experiments.member WHERE salt = $salt GROUP BY user_id HAVING count(*) > 1"
_DAILY, _HITS, _HIT, _PRE_LIKES = (
    [NAMES.index(name) for name in DAILY],
    NAMES.index("hits"),
    NAMES.index("hit"),
    NAMES.index("pre_likes"),
)

Rows = dict[str, NDArray[Any]]  # user_id and DAILY, one array each


def moments(
    con: duckdb.DuckDBPyConnection, salt: str, started_at: datetime, before_days: int, by: str | None = None
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

    Returns:
        A row a day, arm and segment: `day, arm[, segment], users`, and for a and b of `NAMES` `mean_a`, `var_a` (ddof
        1, NaN for one user) and `cov_a_b` for a < b. Sorted; days on which a group has no user yet have no row.

    Raises:
        NotFound: `raw.users` has no column `by`.
    """
    people = _people(con, salt, started_at, before_days, [] if by is None else [by])
    return _moments(people, by, _day_by_day(con, salt))


def last_moments(
    con: duckdb.DuckDBPyConnection, salt: str, started_at: datetime, before_days: int, columns: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """By each of `columns`, the rows of `moments` for the last day: the totals are made once for all of them."""
    people = _people(con, salt, started_at, before_days, columns)
    whole = list(_whole(con, salt))
    return {column: _moments(people, column, whole) for column in columns}


def crossed(con: duckdb.DuckDBPyConnection, salt: str) -> int:
    """How many users have been seen in more than one arm."""
    return int(con.execute(f"SELECT count(*) FROM ({CROSSED})", {"salt": salt}).fetchall()[0][0])


def arm_counts(con: duckdb.DuckDBPyConnection, salt: str) -> pl.DataFrame:
    """Users of each arm whose first answer in it was shown until the end of each day: `day, arm, users`.

    Users of both arms count in both. The report's check of the sample ratio takes each once, see `filling`.
    """
    return con.execute(read_sql("experiments", "arm_counts"), {"salt": salt}).pl()


def credits(con: duckdb.DuckDBPyConnection, salt: str) -> pl.DataFrame:  # noqa: A001
    """Likes of interleaved lists by the arm that brought the post: `day, user_id, control, test`.

    A row for each user and day with such a list, likes or not.
    """
    query = "SELECT day, user_id, control, test FROM experiments.credit_daily WHERE salt = ? ORDER BY day, user_id"
    return con.execute(query, [salt]).pl()


def profile_columns(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What users are divided into segments by, beside `HISTORY`: every column of `raw.users` but the id."""
    return [name for name, *_ in con.execute("DESCRIBE raw.users").fetchall() if name != USER_ID]


def _people(
    con: duckdb.DuckDBPyConnection, salt: str, started_at: datetime, before_days: int, columns: Sequence[str]
) -> pl.DataFrame:
    """Users of one arm, by id: `user_id, arm, pre_likes` and their segment by each of `columns`."""
    segments = "".join(f", {_segment(con, column)} AS {identifier(column)}" for column in columns)
    query = read_sql("experiments", "people").format(segments=segments)
    before = timedelta(days=before_days)
    return con.execute(query, {"salt": salt, "started_at": started_at, "before": before}).pl()


def _segment(con: duckdb.DuckDBPyConnection, column: str) -> str:
    if column == HISTORY:
        return "CASE WHEN b.user_id IS NULL THEN 'new' ELSE 'regular' END"
    known = profile_columns(con)
    if column not in known:
        raise NotFound(f"users have no column {column!r}; there are: {', '.join([*known, HISTORY])}")
    return f"coalesce(CAST(u.{identifier(column)} AS VARCHAR), 'unknown')"


def _day_by_day(con: duckdb.DuckDBPyConnection, salt: str) -> Iterator[tuple[date, Rows]]:
    days = "SELECT DISTINCT day FROM experiments.experiment_daily WHERE salt = ? ORDER BY day"
    of_day = f"SELECT {USER_ID}, {', '.join(DAILY)} FROM experiments.experiment_daily WHERE salt = ? AND day = ?"
    for (day,) in con.execute(days, [salt]).fetchall():
        yield day, con.execute(of_day, [salt, day]).fetchnumpy()


def _whole(con: duckdb.DuckDBPyConnection, salt: str) -> Iterator[tuple[date, Rows]]:
    """All days as if they were one, the last."""
    last = con.execute("SELECT max(day) FROM experiments.experiment_daily WHERE salt = ?", [salt]).fetchall()[0][0]
    if last is None:
        return
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in DAILY)
    query = f"SELECT {USER_ID}, {sums} FROM experiments.experiment_daily WHERE salt = ? GROUP BY {USER_ID}"
    yield last, con.execute(query, [salt]).fetchnumpy()


def _moments(people: pl.DataFrame, by: str | None, days: Iterable[tuple[date, Rows]]) -> pl.DataFrame:
    keys = [ARM] if by is None else [ARM, by]
    groups = people.select(keys).unique().sort(keys).with_row_index("group")
    group = people.select(keys).join(groups, keys, "left", maintain_order="left")["group"].to_numpy().astype(np.int64)
    ids, pre_likes = people[USER_ID].to_numpy(), people["pre_likes"].to_numpy()
    totals = np.zeros((len(ids), len(NAMES)))  # (U, names)
    users = np.zeros(len(groups), np.int64)
    sums = np.zeros((len(groups), len(NAMES)))
    products = np.zeros((len(groups), len(NAMES), len(NAMES)))
    seen = np.zeros(len(ids), np.bool_)
    names = [(row[ARM], *([] if by is None else [row[by]])) for row in groups.iter_rows(named=True)]
    found = []
    for day, rows in days if len(ids) else []:
        order = np.argsort(rows[USER_ID])  # so that looking up users and their totals walks through memory
        places = np.searchsorted(ids[:-1], rows[USER_ID][order])
        counted = ids[places] == rows[USER_ID][order]
        places, order = places[counted], order[counted]
        before = totals[places]
        now = before.copy()
        now[:, _DAILY] += np.stack([rows[name][order] for name in DAILY], axis=1)
        now[:, _HIT] = now[:, _HITS] > 0
        now[:, _PRE_LIKES] = pre_likes[places]
        totals[places] = now
        mine = group[places]
        users += np.bincount(mine[~seen[places]], minlength=len(groups))
        seen[places] = True
        for number in range(len(groups)):
            of_group = mine == number
            after, earlier = now[of_group], before[of_group]
            sums[number] += after.sum(axis=0) - earlier.sum(axis=0)
            products[number] += after.T @ after - earlier.T @ earlier
        found += [
            (day, *names[number], *_figures(int(users[number]), sums[number], products[number]))
            for number in np.flatnonzero(users).tolist()
        ]
    columns = {DAY: pl.Date, ARM: pl.String, **({} if by is None else {SEGMENT: pl.String}), "users": pl.Int64}
    return pl.DataFrame(found, {**columns, **dict.fromkeys(_FIGURES, pl.Float64)}, orient="row")


_PAIRS = list(combinations(range(len(NAMES)), 2))
_FIGURES = [
    *(f"mean_{name}" for name in NAMES),
    *(f"var_{name}" for name in NAMES),
    *(f"cov_{NAMES[a]}_{NAMES[b]}" for a, b in _PAIRS),
]


def _figures(users: int, sums: NDArray[np.float64], products: NDArray[np.float64]) -> list[float]:
    """How many users, and their `_FIGURES`."""
    free = users - 1 if users > 1 else np.nan
    covariances = (products - np.outer(sums, sums) / users) / free
    return [
        users,
        *(sums / users).tolist(),
        *covariances.diagonal().tolist(),
        *(float(covariances[pair]) for pair in _PAIRS),
    ]
