"""A service under rehearsal takes the moment from the clock that moves, in all that it does by itself."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2
import pytest

from core import clock
from core.clock import Clock
from tests.integration.api.process import eventually
from tests.integration.small_network import Network

MOMENT = datetime(2025, 1, 20, 12, 30)


@pytest.fixture
def hands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    monkeypatch.setenv(clock.VARIABLE, str(tmp_path / "clock"))
    clock._face.cache_clear()
    with Clock(tmp_path / "clock", MOMENT) as hands:
        yield hands
    clock._face.cache_clear()


def test_answers_and_actions_are_of_the_clocks_moment(network: Network, hands: Clock) -> None:
    view = {"user_id": 1, "post_id": 2, "action": "view"}
    with network.serve(follow=False) as client:
        assert client.post("/feed-actions", json=view).json()["written"][0]["time"] == MOMENT.isoformat()
        assert client.get("/post/recommendations?id=1").status_code == 200
        later = MOMENT + timedelta(days=1)
        ahead = {**view, "time": (later - timedelta(minutes=1)).isoformat()}
        assert client.post("/feed-actions", json=ahead).status_code == 422  # it has not happened yet
        hands.set(later)
        assert client.post("/feed-actions", json=ahead).status_code == 201
        assert client.post("/post/recommendations/batch", json={"ids": [2]}).status_code == 200
        assert client.get("/health/ready").json()["snapshot_age"] < 3600  # that is of the machine's clock
        eventually(lambda: client.get("/health/ready").json()["exposures_waiting"] == 0)
    with closing(psycopg2.connect(network.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT user_id, shown_at, as_of FROM recommendation_exposure ORDER BY user_id")
        assert cursor.fetchall() == [(1, MOMENT, None), (2, later, None)]
