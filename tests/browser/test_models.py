"""Somebody looks how good the rankers are, sets two snapshots side by side, and rolls back."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from api.access import keys
from core.settings import Settings
from tests.browser.conftest import HEIGHT, WIDTH, Open, Site
from tests.integration.api.process import running
from warehouse.snapshots import current, history, list_snapshots


@dataclass(frozen=True)
class Operated:
    """A service of its own, with the keys of a reader and an operator."""

    url: str
    settings: Settings
    reader: str
    operator: str


@pytest.fixture(scope="module")
def operated(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    home = tmp_path_factory.mktemp("operated")
    shutil.copytree(site.network.settings.snapshots_folder, home / "snapshots", symlinks=True)
    settings = site.network.settings.model_copy(update={"home": home})
    tokens = [
        keys.create(settings.keys_folder, name, [scope])[1]
        for name, scope in (("bob", "recommend"), ("ann", "operate"))
    ]
    # whoever is on this machine may look; to change what is served takes a key all the same
    with running(settings, FEEDRANK_API__ASK_KEYS="false", FEEDRANK_API__FOLLOW="false") as service:
        yield Operated(service.url, settings, *tokens)


def test_the_live_rankers_are_shown(open_page: Open, site: Site, keep_picture: Callable[[Page, str], None]) -> None:
    page = open_page()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Models").click()
    shelf = page.get_by_role("region", name="Who was live when")
    expect(shelf.get_by_role("row")).to_have_count(1 + len(list_snapshots(site.network.settings)))
    expect(shelf.get_by_role("row", name="live since")).to_contain_text(current(site.network.settings).id)
    expect(page.get_by_role("region", name="All metrics")).to_contain_text("ndcg@10_viewed")
    expect(page.get_by_role("img", name="Predicted probability of a like")).to_be_visible()
    page.get_by_role("region", name="What control leans on").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Feature catalogue")).to_be_visible()
    page.go_back()
    page.evaluate("scrollTo(0, 0)")
    keep_picture(page, "models.png")


def test_two_snapshots_are_compared(open_page: Open, site: Site) -> None:
    page = open_page("/models")
    newer, older = list_snapshots(site.network.settings)
    page.get_by_label("This one", exact=True).select_option(older.id)
    page.get_by_label("with this one").select_option(newer.id)
    page.get_by_role("button", name="Compare").click()
    compared = page.get_by_text("The second against the first")
    expect(compared).to_contain_text(f"{newer.id} against {older.id}")
    expect(compared).to_contain_text("the same rankers")
    expect(page.get_by_role("region", name="Rows").get_by_role("row", name="user_feed")).to_contain_text("+")


def test_a_roll_back_is_confirmed_with_an_operators_key(open_page: Open, browser: Browser, operated: Operated) -> None:
    newer, older = list_snapshots(operated.settings)
    # without a fitting key; by a page of its own, as the browser complains of the refusals
    with browser.new_context(base_url=operated.url, locale="en-US") as context:
        page = context.new_page()
        page.goto(f"/models/rollback?to={older.id}")
        for wrong in ("feedrank_wrong", operated.reader):
            page.get_by_label("Operator key").fill(wrong)
            page.get_by_role("button", name="Roll back to").click()
            expect(page.get_by_role("alert")).to_contain_text(
                "not known" if wrong == "feedrank_wrong" else "needs operate"
            )
    assert current(operated.settings).id == newer.id

    page = open_page("/models", base=operated.url, viewport={"width": WIDTH, "height": HEIGHT})
    page.get_by_role("link", name=f"Roll back to {older.id}").click()
    for one in (newer, older):
        expect(page.get_by_role("main")).to_contain_text(one.id)
    page.get_by_label("Operator key").fill(operated.operator)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text(f"Rolled back: {older.id} is live")
    expect(page.get_by_role("row", name="live since")).to_contain_text(older.id)
    assert current(operated.settings).id == older.id
    [*_, last] = history(operated.settings)
    assert (last.action, last.snapshot, last.by) == ("rollback", older.id, "ann")
    expect(page.get_by_role("contentinfo")).to_contain_text(newer.id)  # until the service looks
    page.wait_for_timeout(1500)
    page.reload()
    expect(page.get_by_role("contentinfo")).to_contain_text(older.id)
