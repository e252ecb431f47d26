"""Somebody reads which arm is better, and looks up who is in which."""

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from experiments.report_files import read_report
from tests.browser.conftest import Open, Site


def test_the_verdict_of_a_rehearsal_is_read_with_its_pictures(
    open_page: Open, site: Site, keep_picture: Callable[[Page, str], None]
) -> None:
    page = open_page()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Experiment").click()
    report = read_report(site.network.settings, site.network.settings.experiment.name)
    expect(
        page.get_by_role("region", name="Keep test").or_(page.get_by_role("region", name="Not yet"))
    ).to_contain_text(report.verdict.sentence)
    [primary] = [metric for metric in report.metrics if metric.primary]
    assert primary.test is not None
    expect(page.get_by_role("row", name="decides")).to_contain_text(f"{primary.test:.4g}")
    pictures = page.locator("figure img")
    expect(pictures).to_have_count(4)
    page.wait_for_load_state("networkidle")
    for picture in pictures.all():
        width, height, natural = picture.evaluate("i => [i.width, i.height, i.naturalWidth / i.naturalHeight]")
        assert natural > 0
        assert abs(width / height / natural - 1) < 0.1
        assert picture.get_attribute("alt")
    keep_picture(page, "experiment.png")
    page.get_by_text("The same as tables").click()
    expect(page.get_by_role("region", name="Each day alone").get_by_role("row")).to_have_count(len(primary.days) + 1)


def test_the_ledger_is_shown(open_page: Open) -> None:
    page = open_page("/experiment")
    history = page.get_by_role("region", name="History of changes")
    expect(history.get_by_role("row")).to_have_count(2)
    expect(history).to_contain_text("start")


def test_an_assignment_is_looked_up(open_page: Open, site: Site) -> None:
    page = open_page("/experiment")
    found = page.locator("#assigned")
    for user in (7, 8, 9):
        arm = httpx.get(f"{site.url}/post/recommendations", params={"id": user}).json()["exp_group"]
        page.get_by_label("User id").fill(str(user))
        page.get_by_role("button", name="Look up").click()
        expect(found).to_contain_text(f"User {user} falls into bucket")
        expect(found.locator(".arm")).to_have_text(arm)
    page.get_by_role("link", name="The feed of this user").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("9")
