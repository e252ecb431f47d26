"""Daily statistics of experiments in the warehouse, from which everything about them is computed.

Whatever comes late, a view, a like or an answer from a machine that was off, the tables become what they would be if
everything had come in time. `experiments.aggregated_day` keeps of each day how many answers and events it was made of;
counting is cheap, so a day that has got rows is known for certain, however old it is. What leaves the numbers as they
were, an event in place of another or another topic of a post, copies have marked (`warehouse.changes`). From the first
such day on, all is aggregated anew.
"""

from datetime import date, datetime, time, timedelta

import duckdb

from core.settings import Settings
from experiments.attribution import DAY, Experiment, attribute
from warehouse.changes import EXPERIMENTS, settle
from warehouse.connection import read_sql, transaction

# tables by day; `member` goes by the moment of the first answer
TABLES = ("experiment_daily", "guardrail_daily", "credit_daily")
NOTHING_YET = datetime(1970, 1, 1)


def update_daily(con: duckdb.DuckDBPyConnection, settings: Settings, *, everything: bool = False) -> None:
    """Bring the tables of `experiments` up to what has been copied, in one transaction; again changes nothing.

    Args:
        con: the warehouse, open for writing.
        settings: of the whole project; `experiment.window` is the time within which a like counts.
        everything: aggregate all days anew.
    """
    window = settings.experiment.window
    with transaction(con):
        if everything:
            for table in (*TABLES, "member", "aggregated_day"):
                con.execute(f"DELETE FROM experiments.{table}")
        horizon = _horizon(con)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE days AS {read_sql('experiments', 'days')}",
            {"window": window, "horizon": horizon},
        )
        for salt, changed in con.execute(read_sql("experiments", "changed_days")).fetchall():
            # what happens on a day counts for answers of the days before it, as far as the window reaches
            since = changed - max(-(-window // DAY), 1) * DAY
            _forget(con, salt, since)
            attribute(con, _experiment(con, salt, window, horizon), since)
        con.execute("DELETE FROM experiments.aggregated_day")
        con.execute("INSERT INTO experiments.aggregated_day FROM days ORDER BY salt, day")
        con.execute("DROP TABLE temp.days")
        settle(con, EXPERIMENTS)


def _horizon(con: duckdb.DuckDBPyConnection) -> datetime:
    """Both tables come with the same copy, so the newer of their ends is how far both are known."""
    newest = con.execute(
        "SELECT greatest((SELECT max(event_time) FROM raw.events), (SELECT max(shown_at) FROM raw.exposures))"
    ).fetchall()[0][0]
    return newest or NOTHING_YET


def _experiment(con: duckdb.DuckDBPyConnection, salt: str, window: timedelta, horizon: datetime) -> Experiment:
    arms = con.execute(
        "SELECT DISTINCT arm FROM raw.exposures "
        "WHERE salt = ? AND as_of IS NULL AND experiment IS NOT NULL ORDER BY arm",
        [salt],
    ).fetchall()
    return Experiment(salt, [arm for (arm,) in arms], window, horizon)


def _forget(con: duckdb.DuckDBPyConnection, salt: str, since: date) -> None:
    for table in TABLES:
        con.execute(f"DELETE FROM experiments.{table} WHERE salt = ? AND day >= ?", [salt, since])
    con.execute(
        "DELETE FROM experiments.member WHERE salt = ? AND first_shown_at >= ?", [salt, datetime.combine(since, time())]
    )
