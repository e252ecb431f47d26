"""How much slower is our copy, with its rules and all three tables, than DuckDB's bare copy of the events alone?

Both are timed from opening a new file to having closed it, in turns, so that both meet the same machine. Then 100,000
new events are copied on top.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
from sqlalchemy import create_engine, text

from benchmarks.postgres import temporary_postgres
from benchmarks.report import Row, report
from core.settings import Settings
from warehouse.copy import copy_source
from warehouse.source import attached_source

PAIRS = 5
USERS = 163_205
POSTS = 7_023
NEW_EVENTS = 100_000
FIRST_EVENT = "timestamp '2025-01-01'"
PERIOD_SECONDS = 90 * 86_400

TABLES = f"""
CREATE TABLE "user" (
    id int PRIMARY KEY, gender int, age int, country text, city text, exp_group int, os text, source text
);
INSERT INTO "user"
SELECT
    200 + i, i % 2, 14 + i * 7 % 60, 'Country ' || i % 11, 'City ' || i % 3915, i % 5,
    CASE WHEN i % 3 = 0 THEN 'iOS' ELSE 'Android' END, CASE WHEN i % 2 = 0 THEN 'ads' ELSE 'organic' END
FROM generate_series(0, {USERS - 1}) AS i;
CREATE TABLE post (id int PRIMARY KEY, text text, topic text);
INSERT INTO post
SELECT 1 + i, repeat(md5(i::text) || ' ', 40), 'topic ' || i % 7 FROM generate_series(0, {POSTS - 1}) AS i;
CREATE TABLE feed_action (user_id int, post_id int, action text, "time" timestamp);
"""
EVENTS = f"""
INSERT INTO feed_action
SELECT
    200 + (hashint8(i)::bigint + 2147483648) % {USERS}, 1 + (hashint8(-i)::bigint + 2147483648) % {POSTS},
    CASE WHEN i % 9 = 0 THEN 'like' ELSE 'view' END, {FIRST_EVENT} + i * interval '1 second' * :seconds
FROM generate_series(:first, :last) AS i
"""


def main() -> int:
    """Fill a source, copy it both ways, report; 1 when a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10_000_000, help="events in the source")
    rows = parser.parse_args().rows
    with (
        temporary_postgres({"shared_buffers": "1GB", "max_wal_size": "8GB"}) as dsn,
        tempfile.TemporaryDirectory(prefix="feedrank-bench-") as folder,
    ):
        settings = Settings.model_validate({"home": Path(folder), "source": {"dsn": dsn}})
        _execute(dsn, TABLES)
        _add_events(dsn, 1, rows, rows)
        plain, ours = [], []
        for _ in range(PAIRS):
            plain.append(_timed(settings, _plain_copy))
            ours.append(_timed(settings, _our_copy))
        _add_events(dsn, rows + 1, rows + NEW_EVENTS, rows)
        started = time.perf_counter()
        copied = copy_source(settings, "second").copied["events"]
        second = time.perf_counter() - started
        assert copied == NEW_EVENTS, copied
    return not report(
        "copy",
        [
            Row("events in the source", rows, "rows"),
            Row("CREATE TABLE AS FROM pg.feed_action", median(plain), "s"),
            Row("first copy, users and posts included", median(ours), "s"),
            # of pairs, each in one moment: the machine may be busier in another
            Row("first copy / CREATE TABLE AS", median(np.divide(ours, plain)), "ratio", "<= 1.25"),
            Row(f"second copy, {NEW_EVENTS:,} new events", second, "s", "<= 5"),
        ],
    )


def _timed(settings: Settings, copy: Callable[[Settings], None]) -> float:
    shutil.rmtree(settings.home)
    settings.home.mkdir()
    started = time.perf_counter()
    copy(settings)
    return time.perf_counter() - started


def _plain_copy(settings: Settings) -> None:
    with (
        duckdb.connect(str(settings.home / "plain.duckdb")) as connection,
        attached_source(connection, settings),
    ):
        connection.execute("CREATE TABLE events AS FROM source.feed_action")


def _our_copy(settings: Settings) -> None:
    copy_source(settings, "first")


def _add_events(dsn: str, first: int, last: int, rows: int) -> None:
    _execute(dsn, EVENTS, {"first": first, "last": last, "seconds": PERIOD_SECONDS / rows})
    _execute(dsn, "VACUUM ANALYZE feed_action")


def _execute(dsn: str, statements: str, values: dict[str, float] | None = None) -> None:
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg2://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statements), values or {})
    engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
