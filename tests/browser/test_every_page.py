"""What every page must be: accessible, still while it loads, as wide as the phone, and in the reader's language."""

from itertools import pairwise
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import Open

PAGES = ("/", "/?user=5&show=both", "/experiment?user=5", "/models", "/data?sql=FROM+posts", "/feed/posts/1")
SERIOUS = {"serious", "critical"}
# the sum of all shifts so far; a browser keeps those that came before anybody asked
SHIFTS = """() => new Promise(resolve => {
    let sum = 0;
    new PerformanceObserver(list => { for (const shift of list.getEntries()) sum += shift.value; })
        .observe({type: "layout-shift", buffered: true});
    setTimeout(() => resolve(sum), 100);
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible(
    open_page: Open, user_ids: list[int], path: str, scheme: Literal["light", "dark"]
) -> None:
    page = open_page(path.format(user=user_ids[-1]), color_scheme=scheme)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.wait_for_load_state("networkidle")
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    found = {(one["id"], node["html"]) for one in violations if one["impact"] in SERIOUS for node in one["nodes"]}
    assert found == set()
    levels = [int(name[1]) for name in page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(e => e.tagName)")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    assert page.title().endswith("feedrank")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone_and_keeps_still(open_page: Open, user_ids: list[int], path: str) -> None:
    page = open_page(
        path.format(user=user_ids[-1]),
        viewport={"width": 360, "height": 740},
        locale="ru-RU",
        has_touch=True,
        is_mobile=True,
    )
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate(SHIFTS) < 0.01


def test_a_russian_browser_gets_russian_pages(open_page: Open) -> None:
    page = open_page("/?user=5", locale="ru-RU")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(page.get_by_role("button", name="Нравится").first).to_be_visible()
    page.get_by_role("link", name="Эксперимент").click()
    expect(page.get_by_role("heading", name="Что изменилось")).to_be_visible()


def test_the_language_is_switched_and_kept(open_page: Open) -> None:
    page = open_page("/?user=5")
    page.get_by_role("link", name="Русский").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Что увидел бы пользователь 5")
    assert page.url.endswith("/?user=5")
    page.goto("/experiment")
    expect(page.get_by_role("heading", name="Кому какая группа?")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Who gets which arm?")).to_be_visible()
