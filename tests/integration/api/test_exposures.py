"""Every answer is in the database exactly once, whatever happens to the database, the disk or the service."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg2
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.exposures import ExposureLog
from core.settings import Settings
from experiments.exposures import Exposure, from_line, to_line
from tests.integration.api.process import eventually, running
from tests.integration.postgres_server import PostgresServer, own_postgres

NOBODY_LISTENS = "postgresql://nobody:hunter2@127.0.0.1:9/none"


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with own_postgres() as server:
        yield server


def with_source(settings: Settings, dsn: str, **api: Any) -> Settings:
    source = settings.source.model_validate({"dsn": dsn})
    return settings.model_copy(update={"source": source, "api": settings.api.model_copy(update=api)})


def ask(client: httpx.Client | TestClient[Litestar], users: range) -> list[str]:
    """Ask for each user and return the ids under which the answers are recorded."""
    answers = [client.get("/post/recommendations/", params={"id": user}) for user in users]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.headers["x-request-id"] for answer in answers]


def recorded(dsn: str) -> list[str]:
    """Request ids in the order in which they were written."""
    connection = psycopg2.connect(dsn)
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT request_id::text FROM recommendation_exposure ORDER BY ctid")
        return [request_id for (request_id,) in cursor.fetchall()]
    except psycopg2.errors.UndefinedTable:
        return []
    finally:
        connection.close()


def spooled(folder: Path) -> list[str]:
    """Request ids on the disk, those in the segments of living processes as well."""
    lines = [line for file in sorted(folder.glob("*.jsonl")) for line in file.read_bytes().splitlines()]
    return [from_line(line).request_id for line in lines]


def exposure(**fields: Any) -> Exposure:
    made_up: dict[str, Any] = {
        "request_id": str(uuid4()),
        "experiment": "one",
        "salt": "s",
        "user_id": -(2**63),
        "arm": "test",
        "snapshot_id": "x",
        "shown_at": datetime(2026, 1, 2, 3, 4, 5, 678),
        "as_of": datetime(2025, 1, 1),
        "post_ids": [2**63 - 1, 3],
        "sources": ["trending", "texts"],
        "propensities": [1.0, 1 / 3],
    }
    return Exposure(**{**made_up, **fields})


def test_an_answer_is_recorded_as_it_was_given(home: Settings, database: str) -> None:
    with TestClient(create_app(with_source(home, database))) as client:
        now = client.get("/post/recommendations/", params={"id": 7, "limit": 3})
        past = client.get("/post/recommendations/", params={"id": 8, "limit": 2, "time": "2021-12-20T03:00:00+03:00"})
        client.get("/post/recommendations/popular")
        eventually(lambda: len(recorded(database)) == 2)
        snapshot = client.get("/snapshot").json()["id"]
    connection = psycopg2.connect(database)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_id::text, experiment, salt, user_id, arm, snapshot_id, as_of, post_ids, sources, "
            "propensities, abs(extract(epoch FROM now() AT TIME ZONE 'UTC' - shown_at)) < 60 "
            "FROM recommendation_exposure ORDER BY ctid"
        )
        rows = cursor.fetchall()
    connection.close()
    for row, answer, as_of in zip(rows, [now, past], [None, None], strict=True):
        ids = [post["id"] for post in answer.json()["recommendations"]]
        assert row[:2] == (answer.headers["x-request-id"], home.experiment.name)
        assert row[4:8] == (answer.json()["exp_group"], snapshot, as_of, ids)
        assert len(row[8]) == len(row[9]) == len(ids)
        assert row[10]


def test_nothing_is_recorded_when_that_is_switched_off(home: Settings, database: str) -> None:
    with TestClient(create_app(with_source(home, database, exposures=False))) as client:
        assert len(ask(client, range(3))) == 3
    assert recorded(database) == []
    assert not home.exposure_spool.exists()


def test_a_line_keeps_every_field_to_the_last_bit(home: Settings, database: str) -> None:
    shown = [exposure(), exposure(as_of=None, post_ids=[], sources=[], propensities=[])]
    assert [from_line(to_line(one)) for one in shown] == shown
    log = ExposureLog(with_source(home, database))
    log.start()
    for one in [*shown, *shown]:  # the same request ids twice
        log.record(one)
    log.stop()
    connection = psycopg2.connect(database)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_json(t)::text FROM recommendation_exposure AS t ORDER BY ctid")
        rows = [from_line(row.encode()) for (row,) in cursor.fetchall()]
    connection.close()
    assert rows == shown


def test_postgres_stopped_and_started_under_requests_loses_and_doubles_nothing(
    home: Settings, server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "feedrank.api.exposures")
    with TestClient(create_app(with_source(home, server.dsn))) as client:
        asked = ask(client, range(100))
        eventually(lambda: len(recorded(server.dsn)) > 0)
        asked += ask(client, range(50))  # some of them on their way when it stops
        server.stop()
        for _ in range(4):
            asked += ask(client, range(50))
            time.sleep(0.3)
        server.start()
        asked += ask(client, range(50))
        eventually(lambda: len(recorded_or_nothing(server)) == len(asked))
    assert recorded(server.dsn) == asked
    told = [record for record in caplog.records if record.name == "feedrank.api.exposures"]
    assert [record.levelno for record in told] == [logging.ERROR, logging.WARNING]
    assert list(home.exposure_spool.iterdir()) == []


def recorded_or_nothing(server: PostgresServer) -> list[str]:
    try:
        return recorded(server.dsn)
    except psycopg2.OperationalError:
        return []


def test_kill_9_while_postgres_hangs_loses_nothing_that_was_answered_a_second_ago(
    home: Settings, server: PostgresServer
) -> None:
    with running(home, FEEDRANK_SOURCE__DSN=server.dsn) as service:
        process, client = service.process, service.client
        asked = ask(client, range(20))
        eventually(lambda: recorded(server.dsn) == asked)
        server.freeze()
        for _ in range(4):  # until well after the shipping hangs
            asked += ask(client, range(20))
            time.sleep(0.3)
        time.sleep(0.7)
        process.kill()
        process.wait()
    assert set(asked[20:]) == set(spooled(home.exposure_spool))
    server.thaw()
    with running(home, FEEDRANK_SOURCE__DSN=server.dsn):
        eventually(lambda: len(recorded(server.dsn)) == len(asked))
    assert recorded(server.dsn) == asked


def test_while_the_disk_takes_nothing_exposures_go_from_memory_to_postgres(
    home: Settings, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    home.exposure_spool.parent.write_bytes(b"a file where the folder should be")
    log = ExposureLog(with_source(home, database))
    log.start()
    shown = [exposure() for _ in range(10)]
    for one in shown:
        log.record(one)
    eventually(lambda: log.counts == (0, 0, 10, 0))
    home.exposure_spool.parent.unlink()
    log.record(exposure())
    eventually(lambda: log.counts == (0, 0, 11, 0))
    log.stop()
    assert recorded(database)[:10] == [one.request_id for one in shown]
    told = [record for record in caplog.records if record.name == "feedrank.api.exposures"]
    assert [record.levelno for record in told] == [logging.ERROR, logging.WARNING]


def test_what_neither_disk_nor_postgres_takes_is_counted_when_memory_is_full(home: Settings) -> None:
    home.exposure_spool.parent.write_bytes(b"a file where the folder should be")
    log = ExposureLog(with_source(home, NOBODY_LISTENS, exposure_queue=5))
    for _ in range(8):
        log.record(exposure())
    assert log.counts == (5, 0, 0, 3)
    log.start()
    log.stop()
    assert log.counts == (5, 0, 0, 3)


def test_without_a_database_exposures_wait_in_the_spool_for_a_service_that_has_one(
    home: Settings, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    with TestClient(create_app(home)) as client:
        asked = ask(client, range(5))
    assert spooled(home.exposure_spool) == asked
    assert [record for record in caplog.records if "source.dsn is not set" in record.message]
    log = ExposureLog(with_source(home, database))
    log.start()
    eventually(lambda: recorded(database) == asked)
    log.stop()


def test_what_is_no_exposure_is_set_aside_and_counted_and_the_others_are_written(home: Settings, database: str) -> None:
    good = [exposure() for _ in range(5)]
    bad = [
        b"nonsense\n",
        to_line(exposure(request_id="no UUID")),
        to_line(exposure(arm="a\0b")),
        to_line(exposure(user_id=2**63)),
        to_line(exposure(propensities=[float("nan")])),
    ]
    home.exposure_spool.mkdir(parents=True)
    lines = [line for pair in zip(map(to_line, good), bad, strict=True) for line in pair]
    (home.exposure_spool / "1.jsonl").write_bytes(b"".join(lines) + b'{"torn')
    log = ExposureLog(with_source(home, database))
    log.start()
    eventually(lambda: log.counts == (0, 0, len(good), len(bad)))
    log.stop()
    assert recorded(database) == [one.request_id for one in good]
    assert sorted((home.exposure_spool / "1.damaged").read_bytes().splitlines(keepends=True)) == sorted(bad)


def test_the_password_is_never_told(home: Settings, caplog: pytest.LogCaptureFixture) -> None:
    log = ExposureLog(with_source(home, NOBODY_LISTENS))
    log.start()
    eventually(lambda: bool(caplog.records))
    log.stop()
    assert "does not answer" in caplog.text
    assert "hunter2" not in caplog.text


def test_two_services_of_one_home_share_the_spool(home: Settings, database: str) -> None:
    logs = [ExposureLog(with_source(home, database)) for _ in range(2)]
    shown = [exposure() for _ in range(200)]
    for log in logs:
        log.start()
    for number, one in enumerate(shown):
        logs[number % 2].record(one)
        time.sleep(0.005)
    for log in logs:
        log.stop()
    assert sorted(recorded(database)) == sorted(one.request_id for one in shown)
    assert sum(log.counts.written for log in logs) == len(shown)
    assert list(home.exposure_spool.iterdir()) == []
