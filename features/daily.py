"""Daily aggregates in the warehouse: the only place where features read single events' counts.

`features.user_topic_day`, `features.user_day` and `features.post_day` count views and likes by the day on which each
event became known: a late event changes the day of its arrival and no other. Copies mark the days whose events have
changed and the posts whose topic has (`warehouse.changes`); those days, and the days on which users met those posts,
are aggregated anew. What comes out are the tables that a rebuild would give.
"""

import duckdb

from warehouse.changes import FEATURES, everything_is_marked, settle
from warehouse.connection import read_sql, transaction

# user_day is summed from user_topic_day, so the order matters
BY_USER = ("user_topic_day", "user_day")
TABLES = (*BY_USER, "post_day")
ALL = "true"
MARKED = "day IN (SELECT day FROM meta.changed_days WHERE reader = 'features')"
MET = "(user_id, day) IN (SELECT (user_id, day) FROM met)"


def rebuild_daily(con: duckdb.DuckDBPyConnection) -> None:
    """Aggregate all days, in one transaction. `con` is the warehouse, open for writing."""
    with transaction(con):
        _aggregate(con, TABLES, ALL)
        settle(con, FEATURES)


def refresh_daily(con: duckdb.DuckDBPyConnection) -> None:
    """Aggregate what copies have changed since the last time, in one transaction; again changes nothing.

    `con` is the warehouse, open for writing.
    """
    with transaction(con):
        if everything_is_marked(con, FEATURES):
            _aggregate(con, TABLES, ALL)
        else:
            _aggregate(con, TABLES, MARKED)
            con.execute(read_sql("features", "met"))
            if con.execute("FROM met LIMIT 1").fetchone() is not None:
                _aggregate(con, BY_USER, MET)
            con.execute("DROP TABLE temp.met")
        settle(con, FEATURES)


def _aggregate(con: duckdb.DuckDBPyConnection, tables: tuple[str, ...], chosen: str) -> None:
    """Make the rows of `tables` anew that the condition `chosen` names by user_id and day."""
    for table in tables:
        con.execute(f"DELETE FROM features.{table} WHERE {chosen}")
        con.execute(f"INSERT INTO features.{table} {read_sql('features', table).format(chosen=chosen)}")
