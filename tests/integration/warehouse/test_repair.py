"""What the warehouse lacks, or has too much, is named by its day, and a repair copies that day again."""

import logging
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import QualityError
from core.settings import Settings
from tests.integration.warehouse.conftest import Execute, Rows
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.repair import Healed

Everything = Callable[[], list[list[tuple[Any, ...]]]]

pytestmark = pytest.mark.usefixtures("network")
# two more days, which no later copy looks at, for the overlap is a day
PAST = """
INSERT INTO feed_action
SELECT 1 + i % 3, 10 + 10 * (i % 2), 'view', timestamp '2025-01-02' + i * interval '1 hour'
FROM generate_series(0, 30) AS i
"""
SECOND, THIRD = date(2025, 1, 2), date(2025, 1, 3)


def gaps(report: Any) -> list[tuple[date, int, int]]:
    return [(gap.day, gap.missing, gap.surplus) for gap in report.gaps]


def test_events_older_than_the_overlap_are_named_and_healed(
    settings: Settings, execute: Execute, rows: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    execute(PAST)
    assert copy_source(settings, "first").gaps == []
    execute("INSERT INTO feed_action VALUES (1, 20, 'view', '2025-01-03 00:00:01'), (2, 10, 'like', '2025-01-05')")
    assert copy_source(settings, "quick", reconcile="recent").gaps == [], "only the last days are looked at"
    with caplog.at_level(logging.WARNING):
        assert gaps(copy_source(settings, "looks", reconcile="all")) == [(THIRD, 1, 0), (date(2025, 1, 5), 1, 0)]
    assert "2025-01-03 (8 there, 7 here), 2025-01-05 (1 there, 0 here)" in caplog.text
    assert gaps(copy_source(settings, "quick")) == [(THIRD, 1, 0), (date(2025, 1, 5), 1, 0)], (
        "what is known stays known"
    )
    assert rows("FROM meta.gaps ORDER BY day") == [(THIRD, 8, 7), (date(2025, 1, 5), 1, 0)]
    repaired = copy_source(settings, "repair", reconcile="repair")
    assert (repaired.healed, repaired.gaps, repaired.late) == (Healed(days=2, added=2, removed=0), [], 2)
    assert rows("SELECT count(*) FROM raw.events WHERE late_at IS NOT NULL") == [(2,)]
    assert copy_source(settings, "again", reconcile="repair").healed == Healed()


def test_what_the_source_has_lost_or_changed_goes_from_the_warehouse(
    settings: Settings, execute: Execute, rows: Rows
) -> None:
    execute(PAST)
    copy_source(settings, "first")
    execute(
        """
        DELETE FROM feed_action WHERE time = '2025-01-02 05:00';
        UPDATE feed_action SET post_id = 30 - post_id WHERE time IN ('2025-01-03 01:00', '2025-01-03 02:00');
        """
    )
    assert gaps(copy_source(settings, "looks", reconcile="all")) == [(SECOND, 0, 1), (THIRD, 0, 0)]
    before = rows("FROM raw.events WHERE event_time < '2025-01-02 05:00' ORDER BY event_time")
    repaired = copy_source(settings, "repair", reconcile="repair")
    assert (repaired.healed, repaired.gaps) == (Healed(days=2, added=2, removed=3), [])
    assert rows("FROM raw.events WHERE event_time < '2025-01-02 05:00' ORDER BY event_time") == before
    marked = rows(
        "SELECT DISTINCT day FROM meta.changed_days WHERE reader = 'experiments' AND day IS NOT NULL ORDER BY 1"
    )
    assert marked == [(SECOND,), (THIRD,)]


def test_rows_that_get_lost_here_come_back(settings: Settings, execute: Execute, rows: Rows) -> None:
    execute(PAST)
    copy_source(settings, "first")
    before = rows("FROM raw.events ORDER BY event_time")
    with closing(connect(settings)) as warehouse:
        warehouse.execute("DELETE FROM raw.events WHERE event_time < '2025-01-02 02:00'")
    assert copy_source(settings, "repair", reconcile="repair").healed == Healed(days=1, added=2, removed=0)
    assert [row[:4] for row in rows("FROM raw.events ORDER BY event_time")] == [row[:4] for row in before]


def test_rejected_events_are_no_gap_until_their_reason_is_gone(
    settings: Settings, execute: Execute, rows: Rows
) -> None:
    execute(PAST)
    execute(
        """
        INSERT INTO feed_action VALUES (9, 10, 'view', '2025-01-02'), (9, 10, 'view', '2025-01-02'),
            (1, 10, 'x', '2025-01-02'), (NULL, 10, 'view', '2025-01-02'), (1, 10, 'view', 'infinity'),
            (1, 10, 'view', now() + interval '1 day'), (1, 10, 'view', NULL)
        """
    )
    assert copy_source(settings, "first", reconcile="repair").gaps == []
    execute('INSERT INTO "user" (id) VALUES (9)')
    assert gaps(copy_source(settings, "looks", reconcile="all")) == [(SECOND, 1, 0)]
    assert copy_source(settings, "repair", reconcile="repair").healed == Healed(days=1, added=1, removed=0)
    execute("DELETE FROM feed_action WHERE user_id = 9 OR action = 'x'")
    assert copy_source(settings, "repair", reconcile="repair").healed == Healed(days=1, added=0, removed=1)
    rules = rows("SELECT rule, count(*) FROM quality.rejected GROUP BY rule ORDER BY rule")
    assert rules == [("future_time", 2), ("null_id", 1), ("null_time", 1)], "of that day only what is there is named"


def test_a_deleted_users_events_stay_as_long_as_the_source_has_them(
    settings: Settings, execute: Execute, rows: Rows
) -> None:
    copy_source(settings, "first")
    execute('DELETE FROM "user" WHERE id = 2; DELETE FROM post WHERE id = 10')
    assert copy_source(settings, "second", reconcile="repair").healed == Healed()
    assert rows("SELECT count(*) FROM raw.events WHERE user_id = 2 OR post_id = 10") == [(3,)]
    execute("DELETE FROM feed_action WHERE user_id = 2")
    assert gaps(copy_source(settings, "third")) == [(date(2025, 1, 10), 0, 1)], "a copy of the last days names it, too"
    assert copy_source(settings, "fourth", reconcile="repair").healed == Healed(days=1, added=0, removed=1)


def test_a_repair_is_judged_like_any_copy(settings: Settings, execute: Execute, everything: Everything) -> None:
    copy_source(settings, "first")
    before = everything()
    execute("INSERT INTO feed_action SELECT 4, 10, 'view', timestamp '2025-01-02' FROM generate_series(1, 3)")
    strict = settings.model_copy(update={"warehouse": settings.warehouse.model_copy(update={"rejected_limit": 0.5})})
    with pytest.raises(QualityError, match="events: 3 of 3"):
        copy_source(strict, "repair", reconcile="repair")
    assert everything()[:3] == before[:3]


moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))
ids = st.integers(-(1 << 63), (1 << 63) - 1)


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(ids, ids, st.sampled_from(["view", "like"]), moments), min_size=1, max_size=30))
def test_both_sides_come_to_the_same_checksum(settings: Settings, execute: Execute, events: list[Any]) -> None:
    """Whatever the ids and the moments are, to the microsecond; `latest` lies after all of them."""
    from warehouse.reconcile import find_gaps
    from warehouse.source import attached_source, inspect_source
    from warehouse.windows import EVERYTHING

    execute("ALTER TABLE feed_action ALTER user_id TYPE bigint, ALTER post_id TYPE bigint; TRUNCATE feed_action")
    for event in events:
        execute("INSERT INTO feed_action VALUES (%s, %s, %s, %s)", event)
    catalog = inspect_source(settings)
    with closing(connect(settings)) as warehouse, attached_source(warehouse, settings):
        warehouse.execute("DELETE FROM raw.events")
        warehouse.executemany("INSERT INTO raw.events VALUES (?, ?, ?, ?, NULL)", events)
        latest = datetime(2300, 1, 1)
        assert find_gaps(warehouse, catalog.events, EVERYTHING, latest) == []
        user, post, action, moment = events[0]
        warehouse.execute(
            "UPDATE raw.events SET event_time = event_time + INTERVAL 1 MICROSECOND "
            "WHERE user_id = ? AND post_id = ? AND action = ? AND event_time = ?",
            [user, post, action, moment],
        )
        assert find_gaps(warehouse, catalog.events, EVERYTHING, latest) != []
