"""What became of what was shown on one day: each view and each like counts for the latest showing of its post.

A post is often shown to the same user again within the window. A like then counts once, for the latest showing before
it, and so does a view. Answers count once their window is over: one that was given a minute ago has had no time to be
liked, and would make the newest day look worse than it is.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from threading import Lock
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.columns import INTERLEAVED
from experiments.showings import Answers, Events, latest_showings
from experiments.user_days import Members, user_rows
from warehouse.connection import read_sql

DAY: Final = timedelta(days=1)
EPOCH: Final = datetime(1970, 1, 1)
MICROSECOND: Final = timedelta(microseconds=1)
# sources whose posts are the same for everybody at a moment: what is left for a user of whom nothing is known
FOR_EVERYBODY: Final = ("trending", "fresh")
EXPLORATION: Final = "exploration"
LISTS_LOOKED_INTO: Final = 20_000  # of a day: shares are known to 0.002, and all lists would take most of the time
DAYS_AT_ONCE: Final = 2


@dataclass(frozen=True)
class Experiment:
    """One experiment as far as the warehouse knows it."""

    salt: str
    arms: Sequence[str]
    window: timedelta
    horizon: datetime  # all that happened until then has been copied, late events aside

    @property
    def closed_until(self) -> datetime:
        """Answers shown before this moment have their window behind them."""
        return self.horizon - self.window + MICROSECOND


def attribute(con: duckdb.DuckDBPyConnection, experiment: Experiment, since: date) -> None:
    """Append the rows of all days from `since` on, of which there must be none, to the tables of `experiments`.

    The days are taken one by one, `DAYS_AT_ONCE`, so that memory does not grow with the experiment. What is committed
    is read by cursors of their own; all is written in the transaction of `con`.
    """
    salt, arms = experiment.salt, experiment.arms
    con.execute(
        f"INSERT INTO experiments.member {read_sql('experiments', 'members')}",
        {"salt": salt, "arms": arms, "since": datetime.combine(since, time()), "until": experiment.closed_until},
    )
    entered = con.execute(read_sql("experiments", "entered"), {"salt": salt, "arms": arms}).fetchnumpy()
    members = Members.of(entered, arms)
    if not len(members.user):
        return  # no window is over yet
    writing = Lock()

    def append(day: date, answered: int) -> None:
        with con.cursor() as reader:
            tables = _tables(reader, experiment, members, day, answered)
        with writing:
            for name, rows in tables.items():
                con.register("rows_of_day", rows)
                con.execute(
                    f"INSERT INTO experiments.{name} BY NAME SELECT $salt AS salt, $day AS day, * FROM rows_of_day",
                    {"salt": salt, "day": day},
                )
                con.unregister("rows_of_day")

    query = "SELECT day, closed FROM days WHERE salt = ? AND day >= ? ORDER BY day"
    days = con.execute(query, [salt, since]).fetchall()
    with _one_thread_a_query(con), ThreadPoolExecutor(DAYS_AT_ONCE) as pool:
        for _ in pool.map(lambda day: append(*day), days):
            pass  # an error of a day is raised here, and the days after it are not begun


@contextmanager
def _one_thread_a_query(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """While days are taken at once: DuckDB's dividing of one day's small queries takes a sixth of the time."""
    threads = con.execute("SELECT current_setting('threads')").fetchall()[0][0]
    con.execute("SET threads = 1")
    try:
        yield
    finally:
        con.execute(f"SET threads = {threads}")


def _tables(
    con: duckdb.DuckDBPyConnection, experiment: Experiment, members: Members, day: date, answered: int
) -> dict[str, pa.Table]:
    """The day's rows of each table; `answered`: how many answers count on it."""
    salt, arms, window = experiment.salt, experiment.arms, experiment.window
    end = datetime.combine(day, time()) + DAY
    until = min(end, experiment.closed_until)

    def read(query: str, **values: Any) -> duckdb.DuckDBPyConnection:
        return con.execute(read_sql("experiments", query), values)

    answers = Answers.of(read("shown_day", salt=salt, day=day, window=window, arms=arms).to_arrow_table())
    events = Events.of(read("happened_day", day=day, window=window).fetchnumpy())
    places = latest_showings(answers, events, window // MICROSECOND)
    viewed, liked = answers.marked(places[~events.like]), answers.marked(places[events.like])
    closed = answers.shown_at < (until - EPOCH) // MICROSECOND
    likes_of_day = events.where(events.like & (events.happened_at < (end - EPOCH) // MICROSECOND))
    tables = {"experiment_daily": user_rows(members, answers, closed, viewed, liked, likes_of_day)}

    seen = np.bincount(answers.arm[closed & (answers.count(viewed) > 0)], minlength=len(arms))
    arm_of_post = np.repeat(np.where(closed, answers.arm, -1), answers.shown)
    posts = [pc.count_distinct(pa.array(answers.post[arm_of_post == arm])).as_py() for arm in range(len(arms))]
    tables["guardrail_daily"] = read(
        "guardrail_day",
        salt=salt,
        day=day,
        until=until,
        arms=arms,
        seen=seen.tolist(),
        posts=posts,
        one_in=max(answered // LISTS_LOOKED_INTO, 1),
        for_everybody=FOR_EVERYBODY,
        exploration=EXPLORATION,
    ).to_arrow_table()
    if INTERLEAVED in arms:
        con.register("liked", answers.listed(liked))
        tables["credit_daily"] = read(
            "credit_day", salt=salt, day=day, until=until, interleaved=INTERLEAVED
        ).to_arrow_table()
    return tables
