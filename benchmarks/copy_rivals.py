"""Others that bring a PostgreSQL table into a DuckDB file: connectorx, ADBC's driver and dlt, where they are installed.

Each in the way that its own documentation shows, with as many connections as there are cores where it can. They copy
the events alone and judge no row.
"""

import os
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import duckdb

from benchmarks.report import timed

QUERY = "SELECT user_id, post_id, action, time FROM feed_action"


def connectorx(dsn: str, file: Path) -> None:
    import connectorx as cx

    table = cx.read_sql(dsn, QUERY, return_type="arrow", partition_on="user_id", partition_num=os.cpu_count())
    with duckdb.connect(str(file)) as con:
        con.register("rows", table)
        con.execute("CREATE TABLE events AS FROM rows")


def adbc(dsn: str, file: Path) -> None:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(dsn) as connection, connection.cursor() as cursor, duckdb.connect(str(file)) as con:
        cursor.execute(QUERY)
        con.register("rows", cursor.fetch_record_batch())
        con.execute("CREATE TABLE events AS FROM rows")


def dlt(dsn: str, file: Path) -> None:
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt as load_tool
    from dlt.sources.sql_database import sql_table

    events = sql_table(
        dsn.replace("postgresql://", "postgresql+psycopg2://"), "feed_action", backend="pyarrow", chunk_size=100_000
    )
    pipeline = load_tool.pipeline(
        "rival", pipelines_dir=str(file.parent), destination=load_tool.destinations.duckdb(str(file)), dataset_name="x"
    )
    pipeline.run(events, write_disposition="replace").raise_on_failed_jobs()


# by name: the largest share of the network that it is asked to copy, and how
RIVALS: dict[str, tuple[str, float, Callable[[str, Path], None]]] = {
    "connectorx": ("connectorx", 0.1, connectorx),
    "adbc-driver-postgresql": ("adbc_driver_postgresql", 0.1, adbc),
    "dlt": ("dlt", 0.01, dlt),
}


def rivals_seconds(dsn: str, scale: float) -> dict[str, float]:
    """Seconds of each rival that is installed and whose size this is."""
    taken = {}
    for name, (package, size, copy) in RIVALS.items():
        if find_spec(package) is not None and size == scale:
            with tempfile.TemporaryDirectory(prefix="feedrank-rival-") as folder:
                file = Path(folder) / "rival.duckdb"
                taken[name] = timed(lambda copy=copy, file=file: copy(dsn, file))  # type: ignore[misc]
    return taken
