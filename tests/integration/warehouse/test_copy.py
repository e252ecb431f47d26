from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

import warehouse.copy as copy_module
from core.errors import SourceError
from core.settings import Settings
from warehouse.copy import copy_source

Execute = Callable[..., None]
Rows = Callable[[str], list[tuple[Any, ...]]]
Everything = Callable[[], list[list[tuple[Any, ...]]]]

NOON = datetime(2025, 1, 10, 12)


@pytest.mark.usefixtures("network")
def test_the_first_copy_brings_everything_under_our_names(settings: Settings, rows: Rows) -> None:
    report = copy_source(settings, "first")
    assert report.copied == {"users": 3, "posts": 2, "events": 4}
    assert (report.watermark_before, report.watermark_after, report.full) == (None, NOON, True)
    assert rows("SELECT user_id, city FROM raw.users") == [(1, ""), (2, "Omsk"), (3, "Perm")]
    assert rows("SELECT post_id, text, topic, text_hash = sha256(text) FROM raw.posts") == [
        (10, "", None, True),
        (20, "second", "tech", True),
    ]
    assert rows("FROM raw.events ORDER BY event_time") == [
        (1, 10, "view", datetime(2025, 1, 10, 10), None),
        (1, 10, "like", datetime(2025, 1, 10, 10, 1), None),
        (2, 20, "view", datetime(2025, 1, 10, 11), None),
        (3, 20, "view", NOON, None),
    ]
    assert rows("SELECT run_id, kind, status, (detail -> 'copied' ->> 'events')::INT FROM meta.runs") == [
        ("first", "copy", "succeeded", 4)
    ]


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("full", [False, True])
def test_a_second_copy_of_the_same_source_changes_nothing(
    settings: Settings, execute: Execute, everything: Everything, full: bool
) -> None:
    execute(
        """
        INSERT INTO feed_action SELECT * FROM feed_action;
        INSERT INTO feed_action VALUES (NULL, 10, 'view', '2025-01-10'), (1, 10, 'view', NULL), (1, 10, 'view', NULL);
        INSERT INTO "user" SELECT * FROM "user" WHERE id = 1;
        """
    )
    copy_source(settings, "first")
    before = everything()
    copy_source(settings, "second", full=full)
    assert everything() == before


@pytest.mark.usefixtures("network")
def test_new_and_late_events_are_picked_up_and_late_ones_marked(
    settings: Settings, execute: Execute, rows: Rows, everything: Everything
) -> None:
    copy_source(settings, "first")
    execute(
        "INSERT INTO feed_action VALUES (1, 20, 'view', '2025-01-10 13:00'), (2, 10, 'view', '2025-01-10 09:00'),"
        " (3, 10, 'like', '2025-01-10 12:00')"
    )
    report = copy_source(settings, "second")
    assert (report.copied["events"], report.late, report.gaps) == (3, 2, [])
    assert report.watermark_after == datetime(2025, 1, 10, 13)
    late = rows("SELECT user_id, late_at > '2026-01-01' FROM raw.events WHERE late_at IS NOT NULL")
    assert sorted(late) == [(2, True), (3, True)]
    before = everything()
    copy_source(settings, "third", full=True)
    assert everything() == before, "a full copy keeps when a late event became known"


@pytest.mark.usefixtures("network")
def test_a_full_copy_forgets_what_the_source_has_no_more(settings: Settings, execute: Execute, rows: Rows) -> None:
    copy_source(settings, "first")
    execute('DELETE FROM feed_action WHERE user_id = 2; DELETE FROM "user" WHERE id = 2')
    copy_source(settings, "second")
    assert rows("SELECT count(*) FROM raw.events") == [(4,)]
    assert rows("SELECT count(*) FROM quality.rejected") == [(0,)], "an event once accepted is not judged again"
    copy_source(settings, "third", full=True)
    assert rows("SELECT count(*) FROM raw.events") == [(3,)]


@pytest.mark.usefixtures("network")
def test_the_overlap_bounds_how_far_back_a_copy_looks(settings: Settings, execute: Execute) -> None:
    narrow = settings.model_copy(
        update={"warehouse": settings.warehouse.model_copy(update={"overlap": timedelta(hours=1)})}
    )
    copy_source(narrow, "first")
    execute(
        "INSERT INTO feed_action VALUES (1, 20, 'view', '2025-01-10 11:00'),"
        " (1, 20, 'like', '2025-01-10 10:59:59.999999')"
    )
    report = copy_source(narrow, "second")
    assert (report.copied["events"], report.late) == (1, 1)
    assert [(gap.day, gap.missing, gap.surplus) for gap in report.gaps] == [(NOON.date(), 1, 0)]


@pytest.mark.usefixtures("network")
def test_all_tables_come_from_one_moment(
    settings: Settings, execute: Execute, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    # enough pages for DuckDB to read the events over several connections
    execute(
        "INSERT INTO feed_action SELECT 1, 10, 'view', timestamp '2025-01-01' + i * interval '1 s'"
        " FROM generate_series(1, 400000) AS i; ANALYZE feed_action"
    )
    copy_events = copy_module.copy_events

    def commit_and_copy(*arguments: Any, **options: Any) -> Any:
        execute(
            'INSERT INTO "user" (id) VALUES (7); INSERT INTO feed_action'
            " SELECT 7, 10, 'view', timestamp '2025-01-01' + i * interval '1 s' FROM generate_series(1, 1000) AS i"
        )
        return copy_events(*arguments, **options)

    monkeypatch.setattr(copy_module, "copy_events", commit_and_copy)
    report = copy_source(settings, "first")
    assert (report.copied["events"], report.rejected["events"]) == (400_004, 0)
    monkeypatch.undo()
    assert copy_source(settings, "second", full=True).copied["events"] == 401_004


@pytest.mark.usefixtures("network")
def test_a_copy_that_fails_at_its_end_changes_nothing_and_tells_no_password(
    settings: Settings, everything: Everything, execute: Execute, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = SecretStr(database.replace("postgres@", "postgres:s3cr3t@"))
    with_password = settings.model_copy(update={"source": settings.source.model_copy(update={"dsn": dsn})})
    copy_source(with_password, "first")
    before = everything()
    execute("INSERT INTO feed_action VALUES (1, 20, 'view', '2025-01-10 13:00'); INSERT INTO post (id) VALUES (30)")

    def fail(connection: Any, *_: Any) -> None:
        connection.execute("ATTACH 'postgresql://u:s3cr3t@127.0.0.1:1/d' AS other (TYPE postgres)")

    monkeypatch.setattr(copy_module, "record_run", fail)
    with pytest.raises(SourceError, match="nothing has changed") as caught:
        copy_source(with_password, "second")
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert everything() == before


@pytest.mark.usefixtures("network")
def test_a_source_that_goes_away_in_the_middle_changes_nothing(
    settings: Settings, everything: Everything, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_source(settings, "first")
    before = everything()
    execute("INSERT INTO post (id) VALUES (30)")
    copy_events = copy_module.copy_events

    def cut_off_and_copy(*arguments: Any, **options: Any) -> Any:
        execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return copy_events(*arguments, **options)

    monkeypatch.setattr(copy_module, "copy_events", cut_off_and_copy)
    with pytest.raises(SourceError, match="nothing has changed"):
        copy_source(settings, "second")
    assert everything() == before
