"""Daily aggregates in the warehouse: the only place where features read single events' counts.

`features.user_topic_day`, `features.user_day` and `features.post_day` count views and likes by the day on which each
event became known. A late event counts on the day of its arrival, so new events only ever change the days from the last
watermark on, and a run may re-aggregate those days alone.
"""

from datetime import date

import duckdb

from warehouse.connection import read_sql

# user_day is summed from user_topic_day, so the order matters
TABLES = ("user_topic_day", "user_day", "post_day")
EARLIEST = date(1, 1, 1)


def rebuild_daily(con: duckdb.DuckDBPyConnection, since: date | None = None) -> None:
    """Aggregate all days, or those from `since` on, in one transaction.

    Args:
        con: the warehouse, open for writing.
        since: first known day to aggregate anew; None for all, which is needed when posts may have changed their topic.
    """
    first_day = since or EARLIEST
    con.begin()
    try:
        for table in TABLES:
            con.execute(f"DELETE FROM features.{table} WHERE day >= ?", [first_day])
            con.execute(f"INSERT INTO features.{table} {read_sql('features', table)}", {"since": first_day})
        con.commit()
    except BaseException:
        con.rollback()
        raise
