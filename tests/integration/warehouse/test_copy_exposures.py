"""What the API showed comes home with the copy: each request id once, whenever it was written."""

from contextlib import closing
from datetime import datetime
from hashlib import md5
from uuid import UUID

import pytest

from core.settings import Settings
from tests.integration.warehouse.conftest import Execute, Rows
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.source_tables import migrate

SHOWN = """
    INSERT INTO recommendation_exposure
    SELECT md5('{name}' || n)::uuid, 'one', 's', n, 'test', 'x', timestamp '{first}' + n * interval '1 hour', NULL,
           ARRAY[n, 2], ARRAY['fresh', 'a "b"'], ARRAY[1, 0.1]
    FROM generate_series(1, {count}) AS n
"""

pytestmark = pytest.mark.usefixtures("network")


def test_without_the_table_there_is_nothing_to_copy(settings: Settings, rows: Rows) -> None:
    assert copy_source(settings, "first").exposures == 0
    assert rows("SELECT count(*) FROM raw.exposures") == [(0,)]


def test_every_column_comes_as_it_is(settings: Settings, execute: Execute, rows: Rows) -> None:
    migrate(settings)
    execute(SHOWN.format(name="a", first="2026-01-01", count=1))
    execute("UPDATE recommendation_exposure SET as_of = '2025-12-01 00:00:00.123456'")
    assert copy_source(settings, "first").exposures == 1
    moments = (datetime(2026, 1, 1, 1), datetime(2025, 12, 1, 0, 0, 0, 123456))
    [(request_id, *row)] = rows("FROM raw.exposures")
    assert request_id == UUID(md5(b"a1").hexdigest())
    assert row == ["one", "s", 1, "test", "x", *moments, [1, 2], ["fresh", 'a "b"'], [1.0, 0.1], None, None]


def test_what_no_experiment_counts_comes_too_and_so_do_latency_and_teams(
    settings: Settings, execute: Execute, rows: Rows
) -> None:
    migrate(settings)
    execute(SHOWN.format(name="a", first="2026-01-01", count=1))
    execute("UPDATE recommendation_exposure SET experiment = NULL, salt = NULL, latency = 0.1, teams = '{test,\"\"}'")
    assert copy_source(settings, "first").exposures == 1
    assert rows("SELECT experiment, salt, latency, teams FROM raw.exposures") == [(None, None, 0.1, ["test", ""])]


def test_a_source_and_a_warehouse_of_the_version_before_go_on(settings: Settings, execute: Execute, rows: Rows) -> None:
    migrate(settings)
    execute("ALTER TABLE recommendation_exposure DROP COLUMN latency, DROP COLUMN teams")
    with closing(connect(settings)) as warehouse:
        warehouse.execute("ALTER TABLE raw.exposures DROP COLUMN teams; ALTER TABLE raw.exposures DROP COLUMN latency")
    execute(SHOWN.format(name="a", first="2026-01-01", count=2))
    assert copy_source(settings, "first").exposures == 2
    execute("ALTER TABLE recommendation_exposure ADD COLUMN latency double precision, ADD COLUMN teams text[]")
    execute(SHOWN.format(name="b", first="2026-01-02", count=1))
    execute("UPDATE recommendation_exposure SET latency = 0.5 WHERE shown_at > '2026-01-02'")
    assert copy_source(settings, "second").exposures == 1
    assert rows("SELECT user_id, latency, teams FROM raw.exposures ORDER BY shown_at") == [
        (1, None, None),
        (2, None, None),
        (1, 0.5, None),
    ]


def test_later_copies_bring_what_is_new_and_what_waited_in_a_spool(
    settings: Settings, execute: Execute, rows: Rows
) -> None:
    migrate(settings)
    execute(SHOWN.format(name="a", first="2026-01-05", count=48))
    assert [copy_source(settings, run).exposures for run in ("first", "again")] == [48, 0]
    execute(SHOWN.format(name="late, inside the overlap", first="2026-01-06", count=5))
    execute(SHOWN.format(name="new", first="2026-01-07", count=7))
    assert copy_source(settings, "second").exposures == 12
    execute(SHOWN.format(name="after days in a spool", first="2025-12-01", count=3))
    assert [copy_source(settings, run).exposures for run in ("third", "again")] == [3, 0]
    assert rows("SELECT count(*), count(DISTINCT request_id) FROM raw.exposures") == [(63, 63)]


def test_what_the_source_has_deleted_stays_here(settings: Settings, execute: Execute, rows: Rows) -> None:
    migrate(settings)
    execute(SHOWN.format(name="a", first="2026-01-05", count=48))
    copy_source(settings, "first")
    execute("DELETE FROM recommendation_exposure")
    assert copy_source(settings, "second", full=True).exposures == 0
    assert rows("SELECT count(*) FROM raw.exposures") == [(48,)]
