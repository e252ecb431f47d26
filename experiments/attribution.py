"""What became of what was shown on one day: each view and each like counts for the latest showing of its post.

A post is often shown to the same user again within the window. A like then counts once, for the latest showing before
it, and so does a view. Answers count once their window is over: one that was given a minute ago has had no time to be
liked, and would make the newest day look worse than it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import duckdb

from core.columns import INTERLEAVED
from warehouse.connection import read_sql

DAY: Final = timedelta(days=1)
# sources whose posts are the same for everybody at a moment: what is left for a user of whom nothing is known
FOR_EVERYBODY: Final = ("trending", "fresh")
EXPLORATION: Final = "exploration"
LISTS_LOOKED_INTO: Final = 20_000  # of a day: shares are known to 0.002, and all lists would take most of the time


@dataclass(frozen=True)
class Experiment:
    """One experiment as far as the warehouse knows it."""

    salt: str
    arms: Sequence[str]
    longest: int  # posts of the longest list
    window: timedelta
    horizon: datetime  # all that happened until then has been copied, late events aside

    @property
    def mask(self) -> str:
        """The integer that has a bit for each place of a list; a wide one takes a fifth more time."""
        return "BIGINT" if self.longest < 63 else "HUGEINT"

    @property
    def closed_until(self) -> datetime:
        """Answers shown before this moment have their window behind them."""
        return self.horizon - self.window + timedelta(microseconds=1)


def attribute(con: duckdb.DuckDBPyConnection, experiment: Experiment, since: date) -> None:
    """Append the rows of all days from `since` on, of which there must be none, to the tables of `experiments`.

    The days are taken one by one. A day's answers and events fit into the processor's caches, where joining them is
    several times as fast as joining all at once, and memory does not grow with the experiment.
    """
    salt, window = experiment.salt, experiment.window
    start = datetime.combine(since, time())
    con.execute(
        f"INSERT INTO experiments.member {read_sql('experiments', 'members')}",
        {"salt": salt, "since": start, "until": experiment.closed_until},
    )
    answered = read_sql("experiments", "answered").format(mask=experiment.mask)
    days = con.execute("SELECT day, closed FROM days WHERE salt = ? AND day >= ? ORDER BY day", [salt, since])
    for day, answers in days.fetchall():
        until = min(datetime.combine(day, time()) + DAY, experiment.closed_until)
        of_day: dict[str, Any] = {"salt": salt, "day": day, "until": until}
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE answered AS {answered}",
            {**of_day, "window": window, "arms": experiment.arms},
        )
        _append(con, "experiment_daily", "experiment_day", of_day)
        _append(
            con,
            "guardrail_daily",
            "guardrail_day",
            {
                **of_day,
                "one_in": max(answers // LISTS_LOOKED_INTO, 1),
                "for_everybody": FOR_EVERYBODY,
                "exploration": EXPLORATION,
            },
        )
        if INTERLEAVED in experiment.arms:
            _append(con, "credit_daily", "credit_day", {**of_day, "interleaved": INTERLEAVED})
    con.execute("DROP TABLE IF EXISTS temp.answered")


def _append(con: duckdb.DuckDBPyConnection, table: str, query: str, values: dict[str, Any]) -> None:
    con.execute(f"INSERT INTO experiments.{table} {read_sql('experiments', query)}", values)
