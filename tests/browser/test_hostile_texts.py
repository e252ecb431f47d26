"""What people write is text and nothing else, whatever it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.integration.api.process import running
from tests.integration.rehearsed_network import Rehearsed

SCRIPT = "<script>document.title = 'hacked'</script><img src=x onerror=\"document.title = 'hacked'\">"
TURNED = "\u202egnp.exe \u2067 ends without an end"
LONG = "A word. " * 131_072  # 1 MB
TOPIC = "<i>\u202eodd</i>"
FIRST = 900_001
HOSTILE = """
    INSERT INTO post SELECT 900000 + n, text, %s FROM unnest(%s) WITH ORDINALITY AS t(text, n);
    INSERT INTO feed_action (user_id, post_id, action, time)
    SELECT u.id, 900000 + n, action, (SELECT max(time) FROM feed_action) - interval '2 hours' + n * interval '1 minute'
    FROM "user" AS u, generate_series(1, 3) AS n, unnest(ARRAY['view', 'like']) AS action
    WHERE u.id > (SELECT min(id) FROM "user");
    UPDATE "user" SET city = %s;
"""


@dataclass(frozen=True)
class Hostile:
    """A service, a user who has liked all hostile posts, and the one who has not."""

    url: str
    liker: int
    other: int


@pytest.fixture(scope="module")
def hostile(rehearsed_network: Rehearsed, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    """A network whose best-liked posts are hostile, and every user's city."""
    network = rehearsed_network.network.clone(postgres, Path(tmp_path_factory.mktemp("hostile")))
    network.execute(HOSTILE, (TOPIC, [SCRIPT, TURNED, LONG], SCRIPT))
    network.refresh()
    with running(network.settings, FEEDRANK_SOURCE__DSN=network.dsn) as service:
        readers = service.client.get("/post/900001/feed").json()
        [(other,)] = network.rows('SELECT min(id) FROM "user"')
        yield Hostile(service.url, readers[0]["user_id"], other)


def test_hostile_posts_are_shown_as_they_are_written(open_page: Open, hostile: Hostile) -> None:
    page = open_page("/", base=hostile.url)
    popular = page.locator(".popular .post-text")
    expect(popular.filter(has_text="<script>")).to_have_count(1)
    expect(popular.filter(has_text="gnp.exe")).to_have_attribute("dir", "auto")
    expect(page.locator(".popular .topic bdi").first).to_have_text(TOPIC)
    assert page.title() == "Feed · feedrank"
    assert len(page.content()) < 100_000  # of the megabyte not much


def test_they_are_in_profiles_histories_and_lists_too(open_page: Open, hostile: Hostile) -> None:
    page = open_page(f"/?user={hostile.liker}&show=both", base=hostile.url)  # has liked them
    expect(page.locator(".about dl")).to_contain_text("<script>")
    expect(page.locator(".timeline .snippet").filter(has_text="<script>")).to_have_count(1)
    page.goto(f"/?user={hostile.other}")
    expect(page.locator("#lists .post-text").filter(has_text="<script>")).to_have_count(1)
    expect(page.locator("#lists .post-text").filter(has_text="gnp.exe")).to_have_count(1)
    assert "hacked" not in page.title()
    assert page.locator("main script, main img").count() == 0


def test_a_megabyte_comes_when_it_is_asked_for(open_page: Open, hostile: Hostile) -> None:
    page = open_page(f"/feed/posts/{FIRST + 2}", base=hostile.url)
    assert len(page.locator(".post-text").inner_text()) > 1_000_000
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.goto(f"/?user={hostile.other}")
    rest = page.locator(".rest[hx-get]")
    rest.get_by_text("Show all, 1,048,576 characters").click()
    expect(rest.locator(".long")).to_contain_text("A word.")
