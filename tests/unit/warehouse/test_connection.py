from contextlib import closing
from datetime import UTC, datetime

import duckdb
import pytest

from core.errors import FeedrankError
from core.settings import Settings
from warehouse.connection import connect, identifier, literal
from warehouse.runs import record_run, set_watermark, watermark


def test_the_warehouse_is_made_once_under_the_limits_of_the_settings(settings: Settings) -> None:
    for _ in range(2):
        with closing(connect(settings)) as connection:
            names = connection.execute("SELECT schema || '.' || name FROM (SHOW ALL TABLES)").fetchall()
            zone, limit = connection.execute(
                "SELECT current_setting('TimeZone'), current_setting('memory_limit')"
            ).fetchall()[0]
    assert {"raw.users", "raw.posts", "raw.events", "raw.known_events", "quality.rejected", "meta.runs"} < {
        name for (name,) in names
    }
    assert (zone, limit) == ("UTC", "1.8 GiB")


def test_readers_read_only_and_only_what_is_there(settings: Settings) -> None:
    with pytest.raises(FeedrankError, match="there is no warehouse"):
        connect(settings, read_only=True)
    connect(settings).close()
    with (
        closing(connect(settings, read_only=True)) as connection,
        pytest.raises(duckdb.InvalidInputException, match="read-only"),
    ):
        connection.execute("DELETE FROM raw.users")


def test_an_event_is_known_from_its_time_on_unless_it_came_late(settings: Settings) -> None:
    with closing(connect(settings)) as connection:
        connection.execute("INSERT INTO raw.events VALUES (1, 1, 'view', '2025-01-01', NULL)")
        connection.execute("INSERT INTO raw.events VALUES (2, 1, 'like', '2025-01-01', '2025-01-05')")
        days = connection.execute("SELECT user_id, day(known_at) FROM raw.known_events ORDER BY 1").fetchall()
    assert days == [(1, 1), (2, 5)]


def test_a_run_tried_again_has_one_end_and_a_watermark_one_value(settings: Settings) -> None:
    noon = datetime(2025, 1, 1, 12, tzinfo=UTC)
    with closing(connect(settings)) as connection:
        assert watermark(connection, "events") is None
        for moment in (noon.replace(tzinfo=None), datetime(2025, 1, 2)):
            set_watermark(connection, "events", moment)
        record_run(connection, "a", "copy", noon, "failed", {"error": "x"})
        record_run(connection, "a", "copy", noon, "succeeded", {"rows": {"users": 1}})
        record_run(connection, "a", "train", noon, "succeeded", {})
        runs = connection.execute(
            "SELECT kind, status, started_at, detail -> 'rows' ->> 'users' FROM meta.runs ORDER BY kind"
        ).fetchall()
        assert watermark(connection, "events") == datetime(2025, 1, 2)
    assert runs == [
        ("copy", "succeeded", datetime(2025, 1, 1, 12), "1"),
        ("train", "succeeded", datetime(2025, 1, 1, 12), None),
    ]


@pytest.mark.parametrize("odd", ["plain", 'two "words"', "it's", "\\0", "🙂", "select", "a;b--c"])
def test_odd_names_and_texts_come_back_as_they_are(odd: str) -> None:
    with closing(duckdb.connect()) as connection:
        result = connection.execute(f"SELECT {literal(odd)} AS {identifier(odd)}")
        assert (result.description[0][0], result.fetchall()) == (odd, [(odd,)])
