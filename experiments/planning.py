"""Before the start: how long must an experiment run, if people go on using the network as they have of late?

Nothing has been shown yet, so a view stands for a shown post. The last day, the last two and so on (`DAYS`) are looked
at as if an experiment had run on them, which shows how many different users so many days bring, and how much a user's
total varies over them. Where the longest is too short, knowledge is taken to grow in proportion to the days.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import duckdb
import numpy as np

from core.columns import TEST
from core.errors import ExperimentError
from core.settings import ExperimentSettings
from experiments.metrics import LIKE_RATE, LIKES, METRICS, figure
from experiments.statistics.figures import Figure
from experiments.statistics.moments import Moments
from experiments.statistics.power import days_needed, users_needed

DAYS: Final = (1, 2, 3, 5, 7, 10, 14, 21, 28)
PLANNED: Final = (LIKE_RATE, LIKES)  # the metrics that views and likes alone can foretell


@dataclass(frozen=True)
class Past:
    """A metric over the last days, for each of some numbers of days, over the users that the experiment takes in."""

    metric: str
    days: Sequence[int]
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Duration:
    """What it takes to see a relative change of `mde`."""

    mde: float
    users: int  # of both arms, by the confidence sequence
    days: int  # until the confidence sequence, looked at every day, excludes zero
    days_once: int  # until an interval looked at once, at the end, does


def past(con: duckdb.DuckDBPyConnection, metric: str, coverage: float) -> Past:
    """The metric in the last days of the warehouse, over `coverage` of the users.

    Raises:
        ExperimentError: the metric cannot be foretold from views and likes, or there are no views.
    """
    if metric not in PLANNED:
        raise ExperimentError(
            f"metric {metric!r} cannot be foretold from views and likes; plan with one of {', '.join(PLANNED)}"
        )
    history = con.execute("SELECT max(day) - min(day) + 1 FROM features.user_day").fetchall()[0][0] or 0
    days = [number for number in DAYS if number <= history]
    if not days:
        raise ExperimentError("the warehouse holds no views; run ingest/on-demand or retrain/nightly first")
    return Past(metric, days, [figure(METRICS[metric], _totals(con, number, coverage)) for number in days])


def duration(past: Past, mde: float, power: float, settings: ExperimentSettings) -> Duration:
    """How many users and days a relative change of `mde` takes to be seen with probability `power`."""
    share = settings.weights[TEST]
    days, reached = _days(past, mde, power, settings.level, share, looks=True)
    once, _ = _days(past, mde, power, settings.level, share, looks=False)
    users = users_needed(reached, mde, power, settings.level, share)
    return Duration(mde, users, days, once)


def _days(past: Past, mde: float, power: float, level: float, share: float, *, looks: bool) -> tuple[int, Figure]:
    """Days until there are as many users as their totals over those days ask for; and the figure of then."""
    for number, observed in zip(past.days, past.figures, strict=True):
        if observed.count >= users_needed(observed, mde, power, level, share, looks):
            return number, observed
    last, observed = past.days[-1], past.figures[-1]
    return days_needed(observed, last, mde, power, level, share, looks), observed


def _totals(con: duckdb.DuckDBPyConnection, days: int, coverage: float) -> Moments:
    """Moments of users' totals over the last days; whoever viewed nothing in them is not there."""
    columns = con.execute(
        """
        SELECT sum(views)::DOUBLE AS shown, sum(likes)::DOUBLE AS liked
        FROM features.user_day
        WHERE day > (SELECT max(day) FROM features.user_day) - ?::INTEGER
        GROUP BY user_id
        HAVING sum(views) > 0
        ORDER BY user_id
        """,
        [days],
    ).fetchnumpy()
    columns["likes"] = columns["liked"]
    found = Moments.from_columns({name: np.asarray(values) for name, values in columns.items()})
    return replace(found, count=int(found.count * coverage))
