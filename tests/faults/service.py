"""Kill the API at seeded moments under load, start it again, and audit what it had promised.

A promise is an action that was answered with 201, and an exposure whose answer is more than a second old. Actions that
the kill cut off are sent again under their idempotency keys, as a good client does, and must count once as well.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx
import numpy as np
import psycopg2

from tests.faults.outcome import Outcome
from tests.integration.api.process import eventually, running
from tests.integration.publish_again import publish_again
from tests.integration.small_network import Network

SEED = 11
# what the service is in the middle of when it dies
BATCH, ROTATION, RELOAD = STAGES = ("exposure batch", "spool rotation", "reload")
ROTATING = {"FEEDRANK_API__EXPOSURE_INTERVAL": "PT0.01S"}  # a segment is closed and shipped at every sync
PROMISED = 1.0  # seconds after which an answer's exposure outlives its process
LOAD = (1.2, 2.5)  # seconds of load before the kill
RELOADING = 0.6  # seconds within which a new snapshot is seen, loaded, verified and served
CLIENTS = 4
FIRST = datetime(2025, 2, 1)  # action number n is of n microseconds later, so that each can be found again


@dataclass
class Asked:
    """What clients asked for and were answered. The lists are only ever appended to."""

    shown: list[tuple[str, float]] = field(default_factory=list)  # request id, when it was answered
    written: list[int] = field(default_factory=list)  # numbers of actions that were answered
    cut_off: list[int] = field(default_factory=list)  # and of those that were not
    refused: list[str] = field(default_factory=list)  # whatever else was answered
    killed_at: float = 0.0


def killed_services(network: Network, times: int) -> Iterator[Outcome]:
    """Kill, resume and audit so many times over one network."""
    rng, numbers = np.random.default_rng(SEED), count(1)
    for turn in range(times):
        stage = STAGES[turn % len(STAGES)]
        asked = _until_killed(network, stage, float(rng.uniform(*LOAD)), float(rng.uniform(0, RELOADING)), numbers)
        yield Outcome(stage, bool(asked.shown and asked.written), tuple(_audit(network, asked)))


def _until_killed(network: Network, stage: str, after: float, into_reload: float, numbers: Iterator[int]) -> Asked:
    asked, over = Asked(), threading.Event()
    with running(network.settings, **_environment(network, **(ROTATING if stage == ROTATION else {}))) as service:
        clients = [threading.Thread(target=_ask, args=(service.url, asked, over, numbers)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(after)
        if stage == RELOAD:
            publish_again(network.settings)
            time.sleep(into_reload)
        asked.killed_at = time.monotonic()
        service.process.kill()
        over.set()
        for client in clients:
            client.join()
    return asked


def _ask(url: str, asked: Asked, over: threading.Event, numbers: Iterator[int]) -> None:
    with httpx.Client(base_url=url, timeout=10) as client:
        while not over.is_set():
            number = next(numbers)
            try:
                shown = client.get("/post/recommendations/", params={"id": 1 + number % 24})
                if shown.status_code == 200:
                    asked.shown.append((shown.headers["x-request-id"], time.monotonic()))
                else:
                    asked.refused.append(shown.text)
            except httpx.TransportError:
                continue  # nothing was promised
            try:
                answer = _send(client, number)
            except httpx.TransportError:
                asked.cut_off.append(number)
            else:
                asked.written.append(number) if answer.status_code == 201 else asked.refused.append(answer.text)


def _send(client: httpx.Client, number: int) -> httpx.Response:
    action: dict[str, Any] = {
        "user_id": 1 + number % 24,
        "post_id": 1 + number % 20,
        "action": "view",
        "time": (FIRST + timedelta(microseconds=number)).isoformat(),
    }
    return client.post("/feed-actions", json=action, headers={"Idempotency-Key": f"action {number}"})


def _audit(network: Network, asked: Asked) -> Iterator[str]:
    yield from (f"answered with {answer}" for answer in asked.refused)
    promised = {request for request, at in asked.shown if at + PROMISED < asked.killed_at}
    with running(network.settings, **_environment(network)) as service:
        for number in asked.cut_off:
            if (answer := _send(service.client, number)).status_code != 201:
                yield f"action {number} sent again: {answer.text}"
        try:
            eventually(lambda: promised <= set(_recorded(network)) and not any(_spool(network)), 30)
        except AssertionError:
            yield f"{len(promised - set(_recorded(network)))} exposures lost, {len(list(_spool(network)))} spooled"
    if doubled := [request for request, times in Counter(_recorded(network)).items() if times > 1]:
        yield f"{len(doubled)} exposures doubled"
    found = Counter(_numbers(network))
    for number in asked.written + asked.cut_off:
        if found[number] != 1:
            yield f"action {number} is there {found[number]} times"


def _environment(network: Network, **more: str) -> dict[str, str]:
    return {"FEEDRANK_SOURCE__DSN": network.dsn, **more}


def _spool(network: Network) -> Iterator[str]:
    """Segments with content; the service's own open one is empty once all of its lines are shipped."""
    return (file.name for file in network.settings.exposure_spool.glob("*") if file.stat().st_size)


def _recorded(network: Network) -> list[str]:
    return [request for (request,) in _rows(network, "SELECT request_id::text FROM recommendation_exposure")]


def _numbers(network: Network) -> list[int]:
    late = f"SELECT time FROM feed_action WHERE time > '{FIRST}'"
    return [round((at - FIRST) / timedelta(microseconds=1)) for (at,) in _rows(network, late)]


def _rows(network: Network, query: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(network.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
