"""Finding features that know the future: what changes when it is taken away is not known before it.

A feature of a day may use only what was known before that day. Whoever adds one runs `leaking_columns` over it.
"""

from collections.abc import Callable, Sequence
from datetime import date

import duckdb
import numpy as np
from numpy.typing import NDArray

from features.daily import rebuild_daily


def leaking_columns(
    con: duckdb.DuckDBPyConnection, day: date, names: Sequence[str], compute: Callable[[], NDArray[np.float32]]
) -> list[str]:
    """Name the columns that change when nothing is known from `day` on.

    Args:
        con: a warehouse that is left without its events from `day` on: give it a copy.
        day: the first day that must not be known.
        names: the F columns.
        compute: the features (n, F) of rows of `day` or before, computed anew from the warehouse, all that is learned
            from it included; the rows are the same each time.
    """
    knowing = compute()
    forget_from(con, day)
    same = (knowing == (as_of := compute())) | (np.isnan(knowing) & np.isnan(as_of))
    return [name for name, kept in zip(names, same.all(axis=0), strict=True) if not kept]


def forget_from(con: duckdb.DuckDBPyConnection, day: date) -> None:
    """Delete what became known on `day` or later; of that, its first event stays and tells that the day has begun.

    Without it, nobody could tell that the windows of the last views of the day before are over.
    """
    con.execute(
        """
        DELETE FROM raw.events
        WHERE coalesce(late_at, event_time) >= $day
            AND event_time IS DISTINCT FROM (SELECT min(event_time) FROM raw.events WHERE event_time >= $day)
        """,
        {"day": day},
    )
    rebuild_daily(con)
