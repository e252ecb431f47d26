import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import QualityError
from core.settings import Settings
from warehouse.copy import copy_source

Execute = Callable[..., None]
Rows = Callable[[str], list[tuple[Any, ...]]]
Everything = Callable[[], list[list[tuple[Any, ...]]]]


def limited(settings: Settings, limit: float) -> Settings:
    warehouse = settings.warehouse.model_copy(update={"rejected_limit": limit})
    return settings.model_copy(update={"warehouse": warehouse})


RULES = {
    "null_id": "(NULL, 10, 'view', '2025-01-10')",
    "null_time": "(1, 10, 'view', NULL)",
    "unknown_user": "(4, 10, 'view', '2025-01-10')",
    "unknown_post": "(1, 11, 'like', '2025-01-10')",
    "unknown_action": "(1, 10, 'View', '2025-01-10')",
    "future_time": "(1, 10, 'view', now() + interval '1 day')",
    "duplicate": "(1, 10, 'view', '2025-01-10 10:00')",
}


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("rule", RULES)
def test_a_row_that_breaks_a_rule_is_set_aside_by_its_name(
    settings: Settings, execute: Execute, rows: Rows, rule: str, first: bool
) -> None:
    if not first:
        copy_source(settings, "before")
    execute(f"INSERT INTO feed_action VALUES {RULES[rule]}")
    report = copy_source(settings, "run")
    assert report.rejected == {"users": 0, "posts": 0, "events": 1}
    assert report.rejected_by_rule == {f"events.{rule}": 1}
    assert rows("SELECT count(*) FROM raw.events") == [(4,)]
    assert rows("SELECT run_id, table_name, rule, occurrence FROM quality.rejected") == [("run", "events", rule, 1)]
    row = json.loads(rows('SELECT "row" FROM quality.rejected')[0][0])
    assert row.keys() == {"user_id", "post_id", "action", "event_time"}
    assert rule != "unknown_action" or row["action"] == "View"


@pytest.mark.usefixtures("network")
def test_other_ways_of_being_wrong(settings: Settings, execute: Execute) -> None:
    execute(
        """
        INSERT INTO feed_action VALUES
            (1, NULL, 'view', '2025-01-10'), (1, 10, NULL, '2025-01-10'), (1, 10, '', '2025-01-10'),
            (1, 10, 'view', 'infinity'), (1, 10, 'view', '-infinity'), (NULL, NULL, NULL, NULL),
            (1, 10, 'view', now() + interval '4 minutes');
        """
    )
    report = copy_source(settings, "run")
    assert report.rejected_by_rule == {
        "events.null_id": 1,
        "events.unknown_action": 3,
        "events.future_time": 1,
        "events.null_time": 1,
    }
    assert report.copied["events"] == 5, "clocks may differ by five minutes"


@pytest.mark.usefixtures("network")
def test_what_was_wrong_once_is_accepted_when_it_has_become_right(
    settings: Settings, execute: Execute, rows: Rows
) -> None:
    execute("INSERT INTO feed_action VALUES (4, 10, 'view', '2025-01-10 10:00')")
    assert copy_source(settings, "first").rejected["events"] == 1
    execute('INSERT INTO "user" (id) VALUES (4)')
    assert copy_source(settings, "second").copied["events"] == 1
    assert rows("SELECT count(*) FROM quality.rejected") == [(1,)]


@pytest.mark.usefixtures("network")
def test_users_and_posts_without_an_id_or_with_one_taken(settings: Settings, execute: Execute, rows: Rows) -> None:
    execute(
        """
        INSERT INTO "user" (id, age) VALUES (NULL, 1), (NULL, 1), (1, 99), (1, 99);
        INSERT INTO post VALUES (20, 'another', 'tech'), (NULL, 'lost', NULL);
        """
    )
    report = copy_source(settings, "first")
    assert report.rejected_by_rule == {
        "users.null_id": 2,
        "users.duplicate_id": 2,
        "posts.null_id": 1,
        "posts.duplicate_id": 1,
    }
    assert rows("SELECT user_id FROM raw.users") == [(1,), (2,), (3,)]
    before = rows("FROM raw.users") + rows("FROM raw.posts")
    execute('CREATE TABLE u AS SELECT * FROM "user" ORDER BY age; TRUNCATE "user"; INSERT INTO "user" SELECT * FROM u')
    copy_source(settings, "second")
    assert rows("FROM raw.users") + rows("FROM raw.posts") == before, "whichever comes first in the source"
    assert rows("SELECT count(*) FROM quality.rejected") == [(6,)]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([None, 1, 2, 4]),
        st.sampled_from([10, 20, 30]),
        st.sampled_from(["view", "like", "share", None]),
        st.sampled_from([None, "2025-01-09 23:00", "2025-01-10 01:00"]),
    ),
    max_size=12,
)


@pytest.mark.usefixtures("network")
@hypothesis_settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=EVENTS, second=EVENTS)
def test_no_row_is_dropped_in_silence(
    settings: Settings, execute: Execute, rows: Rows, everything: Everything, first: Any, second: Any
) -> None:
    """Accepted and rejected rows together are the source's, whether it is copied in one go or in two."""
    settings.warehouse_file.unlink(missing_ok=True)
    execute("TRUNCATE feed_action; INSERT INTO feed_action VALUES (3, 20, 'view', '2025-01-10 12:00')")
    for part, events in (("first", first), ("second", second)):
        for event in events:
            execute("INSERT INTO feed_action VALUES (%s, %s, %s, %s)", event)
        copy_source(settings, part)
    accepted = [(*row[:3], str(row[3])[:16]) for row in rows("FROM raw.events")]
    rejected = [tuple(json.loads(row).values()) for (row,) in rows('SELECT "row" FROM quality.rejected')]
    copied = Counter(accepted) + Counter((*row[:3], row[3] and row[3][:16]) for row in rejected)
    assert copied == Counter([(3, 20, "view", "2025-01-10 12:00"), *first, *second])
    in_two = everything()
    settings.warehouse_file.unlink()
    copy_source(settings, "at once")
    in_one = everything()
    assert [row[:4] for row in in_one[2]] == [row[:4] for row in in_two[2]]
    assert in_one[3:] == in_two[3:]


@pytest.mark.usefixtures("network")
def test_a_share_over_the_limit_stops_the_copy_and_shows_the_rows(
    settings: Settings, execute: Execute, rows: Rows, everything: Everything
) -> None:
    copy_source(settings, "good")
    before = everything()
    execute(
        "INSERT INTO feed_action VALUES (4, 10, 'view', '2025-01-10'), (5, 10, 'view', '2025-01-10'),"
        " (1, 10, NULL, '2025-01-10'), (1, 10, 'view', '2025-01-10 14:00')"
    )
    strict = limited(settings, 0.3)
    for run in ("bad", "worse", "worse"):
        with pytest.raises(QualityError, match=r"events: 3 of 8 .*37\.5%.*rejected_limit = 30\.0%.*unknown_user \(2\)"):
            copy_source(strict, run)
        assert everything()[:3] == before[:3]
        assert rows("SELECT run_id, count(*) FROM quality.rejected GROUP BY run_id") == [(run, 3)]
    assert rows("SELECT run_id, status FROM meta.runs ORDER BY 1") == [
        ("bad", "failed"),
        ("good", "succeeded"),
        ("worse", "failed"),
    ]
    report = copy_source(limited(settings, 0.375), "worse")
    assert (report.copied["events"], report.rejected["events"]) == (1, 3)
    assert rows("SELECT run_id, count(*) FROM quality.rejected GROUP BY run_id") == [("worse", 3)]


@pytest.mark.usefixtures("network")
def test_rows_that_every_copy_reads_do_not_fill_a_small_one(settings: Settings, execute: Execute) -> None:
    execute(
        """
        INSERT INTO feed_action
        SELECT 1, 10, 'view', timestamp '2025-01-01' + i * interval '1 min' FROM generate_series(1, 100) AS i;
        INSERT INTO feed_action SELECT 1, 10, 'view', NULL FROM generate_series(1, 5);
        """
    )
    strict = limited(settings, 0.05)
    assert copy_source(strict, "first").rejected == {"users": 0, "posts": 0, "events": 5}
    execute("INSERT INTO feed_action VALUES (1, 10, 'view', '2025-02-01')")
    report = copy_source(strict, "second")
    assert (report.read["events"], report.copied["events"], report.rejected["events"]) == (5, 1, 0)


@pytest.mark.usefixtures("network")
def test_a_wrong_user_table_stops_before_the_events_are_kept(settings: Settings, execute: Execute, rows: Rows) -> None:
    execute('UPDATE "user" SET id = id + 1000')
    with pytest.raises(QualityError, match="events: 4 of 4 rows"):
        copy_source(limited(settings, 0.5), "first")
    assert rows("SELECT count(*) FROM raw.events") == [(0,)]
    assert rows("SELECT DISTINCT rule FROM quality.rejected") == [("unknown_user",)]
