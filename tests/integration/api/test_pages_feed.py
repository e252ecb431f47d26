"""The page Feed over a real network: what it shows is what is served, what is pressed is written, once, and no more."""

import re
import shutil
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.integration.api.process import eventually
from tests.integration.small_network import Network, recommended, small_settings
from warehouse.source_tables import migrate

HTMX = {"HX-Request": "true"}
KEY = "0" * 32


@pytest.fixture
def network(network: Network) -> Network:
    """With the tables of ours made."""
    migrate(network.settings)
    return network


def shown(page: str) -> list[int]:
    return [int(post_id) for post_id in re.findall(r'class="id number" href="/feed/posts/(-?\d+)"', page)]


def press(client: TestClient[Litestar], **changes: Any) -> Any:
    button = {"user": 1, "post": 5, "action": "like", "key": KEY, "arm": "control", "place": 1, **changes}
    return client.post("/feed/actions", data={name: str(value) for name, value in button.items()}, headers=HTMX)


def events(network: Network) -> int:
    return network.rows("SELECT count(*) FROM feed_action")[0][0]


def test_the_page_shows_what_is_served_and_records_nothing(network: Network) -> None:
    with network.serve() as client:
        own = client.get("/post/recommendations", params={"id": 1}).json()
        assert f'<span class="arm {own["exp_group"]}">' in client.get("/?user=1").text
        served = recommended(client, 1)
        page = client.get("/", params={"user": 1, "time": "2100-01-14T12:00"}).text
        assert shown(page) == served[: len(shown(page))]
        for show in ("own", "other", "both"):
            client.get("/", params={"user": 1, "show": show})
        eventually(lambda: network.rows("SELECT count(*) FROM recommendation_exposure") == [(2,)])
    assert network.rows("SELECT count(*) FROM recommendation_exposure") == [(2,)]  # the API's two, and none of pages


def test_what_is_pressed_is_written_once(network: Network) -> None:
    before = events(network)
    with network.serve() as client:
        [first, *_] = shown(client.get("/?user=1").text)
        answer = press(client, post=first)
        assert answer.status_code == HTTPStatus.OK
        assert first not in shown(answer.text)
        assert press(client, post=first).status_code == HTTPStatus.OK
        assert events(network) == before + 1
        assert first not in shown(client.get("/?user=1").text)
        [second, *_] = shown(client.get("/?user=1").text)
        skipped = press(client, post=second, action="view", key="1" * 32)
        assert second not in shown(skipped.text)
        assert f'name="skipped" value="{second}"' in skipped.text
        assert events(network) == before + 2


def test_what_cannot_be_written_is_told_in_the_page(network: Network) -> None:
    with network.serve() as client:
        unknown = press(client, user=999_999)
        assert unknown.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "there is no such user" in unknown.text
        for bad in ({"action": "hate"}, {"user": "x"}, {"skipped": "1,2"}, {"key": "short"}):
            assert press(client, **bad).status_code == HTTPStatus.BAD_REQUEST, bad


def test_the_past_is_that_of_the_snapshot_of_then(network: Network) -> None:
    """A like of the day after is in no history of before, and its post is recommended then."""
    with network.serve(follow=False) as client:
        liked = shown(client.get("/?user=1").text)[0]
    insert = "INSERT INTO feed_action VALUES (1, %s, %s, timestamp '2025-01-16 10:00')"
    for action in ("view", "like"):
        network.execute(insert, (liked, action))
    network.refresh()
    with network.serve() as client:
        assert liked not in shown(client.get("/?user=1").text)
        then = client.get("/", params={"user": 1, "time": "2025-01-14T10:00"}).text
        assert liked in shown(then)
        assert "Recommended then" in then
        assert "<button name=" not in then
        assert "2025-01-16" not in then
        refused = client.get("/", params={"user": 1, "time": "1999-01-01T10:00"})
        assert "the oldest snapshot knows events up to 2025-01-13" in refused.text


def test_a_segment_leads_to_a_user_of_it(network: Network) -> None:
    with network.serve() as client:
        answer = client.get("/surprise/2", follow_redirects=False)
        assert answer.status_code == HTTPStatus.SEE_OTHER
        assert re.fullmatch(r"/\?user=\d+", answer.headers["location"])
        assert client.get("/surprise/0").status_code == HTTPStatus.NOT_FOUND
        assert client.get("/surprise/9").status_code == HTTPStatus.BAD_REQUEST


def test_with_postgresql_away_pages_go_on_and_say_so(trained_network: Network, tmp_path: Path) -> None:
    home = Path(shutil.copytree(trained_network.settings.home, tmp_path / "home", symlinks=True))
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    away = Network(nowhere, small_settings(nowhere, home))
    with away.serve() as client:
        eventually(lambda: "PostgreSQL does not answer" in client.get("/").text)
        assert shown(client.get("/?user=1").text)
        assert "which cannot be asked at the moment" in client.get("/experiment").text
        assert press(client).status_code == HTTPStatus.SERVICE_UNAVAILABLE
