"""The service as its operators see it: how it ends, what it logs, what it counts over several workers."""

import json
import re
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from psutil import CONN_ESTABLISHED as ESTABLISHED
from psutil import CONN_LISTEN as LISTEN

from core.settings import Settings
from tests.integration.api.process import Running, eventually, running

SLOW = ("-c", "from api.__main__ import serve; serve('tests.integration.api.slow_service:create')")


def records(service: Running) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.lines()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_finishes_what_is_under_way_and_hands_over(
    published: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    handed_over = tmp_path / "handed-over"
    with running(published, *SLOW, HANDED_OVER=str(handed_over)) as service, ThreadPoolExecutor() as pool:
        under_way = pool.submit(httpx.get, f"{service.url}/slow?seconds=1.5", timeout=10)
        eventually(lambda: len(psutil.Process(service.process.pid).net_connections()) >= 3)
        service.process.send_signal(number)
        eventually(lambda: not service.answers("/health/live", 200))  # nothing new is accepted
        assert not under_way.done()
        assert not handed_over.exists()
        assert under_way.result().json() == {"slept": 1.5}
        assert service.process.wait(timeout=10) == 0
        assert handed_over.read_text() == "everything"


def test_what_does_not_end_in_time_does_not_keep_it(published: Settings, tmp_path: Path) -> None:
    handed_over = tmp_path / "handed-over"
    with running(published, *SLOW, HANDED_OVER=str(handed_over)) as service, ThreadPoolExecutor() as pool:
        pool.submit(httpx.get, f"{service.url}/slow?seconds=60", timeout=70)
        eventually(lambda: len(psutil.Process(service.process.pid).net_connections()) >= 3)
        service.process.terminate()
        assert service.process.wait(timeout=10) == 0
        assert handed_over.exists()


def test_lines_are_json_and_tell_the_request_but_neither_query_nor_secrets(published: Settings, tmp_path: Path) -> None:
    with running(published, *SLOW, HANDED_OVER=str(tmp_path / "x"), FEEDRANK_API__SLOW_REQUEST="PT0.1S") as service:
        client = service.client
        client.get("/post/recommendations?id=1", headers={"X-Request-Id": "quick"})
        client.get("/slow?seconds=0.3&token=s3cret", headers={"X-Request-Id": "mine-1"})
        client.get("/fail?token=s3cret", headers={"X-Request-Id": "x" * 129})
        told = records(service)
        text = "\n".join(service.lines())
    assert "s3cret" not in text
    assert "hunter2" not in text
    assert "quick" not in text  # neither slow nor failed
    for record in told:
        assert {"event", "level", "timestamp", "logger", "worker"} <= set(record)
        assert record["timestamp"].endswith("Z")
        assert record["worker"] == service.process.pid
    assert {"feedrank.api.engine", "uvicorn.error"} <= {record["logger"] for record in told}
    slow, surprise, failed = (record for record in told if "request_id" in record)
    assert (slow["event"], slow["level"], slow["path"], slow["status"]) == ("request", "warning", "/slow", 200)
    assert slow["request_id"] == "mine-1"
    assert slow["seconds"] >= 0.3
    assert surprise["level"] == "error"
    assert "RuntimeError: a surprise" in surprise["exception"]
    assert (failed["path"], failed["status"]) == ("/fail", 500)
    assert (
        surprise["request_id"] == failed["request_id"] == f"{service.process.pid}-{failed['request_id'].split('-')[1]}"
    )


def test_at_level_debug_each_request_has_one_line_and_text_is_for_people(published: Settings) -> None:
    environment = {"FEEDRANK_API__LOG_LEVEL": "debug", "FEEDRANK_API__LOG_FORMAT": "text"}
    with running(published, **environment) as service:
        for number in range(3):
            service.client.get("/post/1?x=s3cret", headers={"X-Request-Id": f"n{number}"})

        def lines() -> list[str]:
            return [line for line in service.lines() if "/post/1" in line]

        eventually(lambda: len(lines()) >= 3)  # a line is written after its answer has been sent
        logged = lines()
    assert len(logged) == 3
    assert all(f"request_id=n{number}" in line and "status=200" in line for number, line in enumerate(logged))
    assert not any("s3cret" in line or line.startswith("{") for line in logged)


def test_new_connections_are_divided_among_workers_and_no_second_service_gets_in(published: Settings) -> None:
    with running(published, FEEDRANK_API__WORKERS="2") as service, ExitStack() as stack:
        eventually(lambda: service.answers("/health/ready", 200))
        workers = psutil.Process(service.process.pid).children(recursive=True)

        def listening() -> list[psutil.Process]:
            return [worker for worker in workers if any(one.status == LISTEN for one in worker.net_connections())]

        eventually(lambda: len(listening()) == 2)
        for _ in range(40):  # that all of them go to one worker has a probability of 2 ** -39
            stack.enter_context(httpx.Client(base_url=service.url)).get("/health/live")
        held = [sum(one.status == ESTABLISHED for one in worker.net_connections()) for worker in listening()]
        assert all(count > 0 for count in held)

        port = service.url.rpartition(":")[2]
        for workers_of_second in ("1", "2"):
            second = {"FEEDRANK_API__PORT": port, "FEEDRANK_API__WORKERS": workers_of_second}
            with running(published, **second) as refused:
                assert refused.process.wait(timeout=30) != 0
                assert f"api.port = {port} cannot be used: Address already in use" in refused.lines()[-1]


def test_several_workers_add_up_their_counts(published: Settings) -> None:
    with running(published, FEEDRANK_API__WORKERS="2") as service:
        asked, served = 40, Counter[str]()
        for _ in range(asked):
            answer = httpx.get(f"{service.url}/post/recommendations?id=1&limit=5").json()
            served[answer["exp_group"]] += 1

        def metrics() -> dict[str, float]:
            lines = httpx.get(f"{service.url}/metrics").text.splitlines()
            return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

        eventually(lambda: metrics().get("feedrank_snapshots_held") == 2)
        found = metrics()
        route = 'feedrank_request_duration_seconds_count{method="GET",path="/post/recommendations",status_code="200"}'
        assert found[route] == asked
        for arm, count in served.items():
            assert found[f'feedrank_recommendation_duration_seconds_count{{arm="{arm}"}}'] == count
        for stage in ("candidates", "ranking"):
            assert found[f'feedrank_recommendation_stage_duration_seconds_count{{stage="{stage}"}}'] == asked
        posts = [value for name, value in found.items() if name.startswith("feedrank_recommended_posts_total")]
        assert sum(posts) == asked * 5
        [info] = [name for name in found if name.startswith("feedrank_snapshot_info")]
        assert found[info] == 2
        assert re.search(r'snapshot="\d{8}T', info)
        assert found["feedrank_snapshot_age_seconds"] > 0

        worker, *_ = psutil.Process(service.process.pid).children(recursive=True)[1:]
        worker.kill()  # it counts no more among those that serve, what it has counted stays
        worker.wait()  # until the kernel has closed its socket, it is given connections
        eventually(lambda: metrics().get("feedrank_snapshots_held") == 2 and metrics()[route] == asked)
        service.process.terminate()
        assert service.process.wait(timeout=15) == 0
