"""A real browser on a real service, over a network that has been rehearsed with.

Each page that a test opens must stay free of errors in its console, which is also where a browser tells of what the
content security policy has stopped.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from benchmarks.browser import NoBrowserError, launched
from tests.integration.api.process import running
from tests.integration.rehearsed_network import Rehearsed
from tests.integration.small_network import Network

WIDTH, HEIGHT, PICTURE = 1280, 860, 1_060
PATIENCE = 60_000  # milliseconds; what is waited for comes, but the machine may be busy
Open = Callable[..., Page]


@dataclass(frozen=True)
class Site:
    """A service and what lies behind it."""

    url: str
    network: Network

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What PostgreSQL says."""
        return self.network.rows(query, values)


# until the session ends: nothing comes after this folder, see tests/conftest.py
@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    try:
        with launched() as browser:
            yield browser
    except NoBrowserError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def site(rehearsed_network: Rehearsed, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service over a copy of the rehearsed network; tests may act in it, each as users of its own."""
    network = rehearsed_network.network.clone(postgres, tmp_path_factory.mktemp("site"))
    network.refresh()  # what happened in the rehearsal is in the past
    with running(network.settings, FEEDRANK_SOURCE__DSN=network.dsn) as service:
        yield Site(service.url, network)


@pytest.fixture
def user_ids(site: Site) -> list[int]:
    """Users who have not liked most of the 60 posts yet, those with the longest histories first."""
    query = (
        "SELECT user_id FROM feed_action GROUP BY 1"
        " HAVING count(DISTINCT post_id) FILTER (WHERE action = 'like') < 20 ORDER BY count(*) DESC, 1"
    )
    return [user_id for (user_id,) in site.rows(query)]


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Open]:
    """Opens a path of the site; options are those of a browser context, such as `locale`."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{message.type}: {message.text}")

    def open_one(path: str = "/", base: str = site.url, **options: Any) -> Page:
        size: Any = {"width": WIDTH, "height": HEIGHT}
        context = browser.new_context(**{"base_url": base, "viewport": size, "locale": "en-US", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def keep_picture() -> Callable[[Page, str], None]:
    """Writes what is to be seen into a file for the README, where FEEDRANK_SCREENSHOTS names the folder for it."""
    folder = os.environ.get("FEEDRANK_SCREENSHOTS")

    def keep(page: Page, name: str) -> None:
        if folder is not None:
            page.set_viewport_size({"width": WIDTH, "height": PICTURE})
            page.evaluate("scrollTo(0, 0)")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=Path(folder) / name)

    return keep
