"""Somebody asks in SQL, is refused, takes the answer away as a file, and looks a feature up."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Site


def ask(page: Page, sql: str) -> None:
    page.get_by_label("One query in DuckDB's SQL").fill(sql)
    page.get_by_role("button", name="Run").click()


def test_a_query_is_answered_and_its_address_can_be_passed_on(open_page: Open) -> None:
    page = open_page("/data")
    ask(page, "SELECT action, count(*) AS n FROM user_feed GROUP BY ALL ORDER BY n DESC")
    answer = page.get_by_role("region", name="Answer")
    expect(answer.get_by_role("row")).to_have_count(3)
    expect(page.locator("#answer").get_by_role("status")).to_have_text("2 rows")
    expect(page).to_have_url(re.compile("sql=SELECT.action"))
    page.reload()
    expect(answer.get_by_role("row")).to_have_count(3)


def test_what_is_forbidden_is_refused_beside_the_box_and_the_next_is_answered(open_page: Open) -> None:
    page = open_page("/data")
    refusal = page.locator("#answer").get_by_role("alert")
    for sql, why in (
        ("FROM read_csv('/etc/passwd')", "Permission Error"),
        ("DROP TABLE posts", "Only queries that read"),
        ("SELECT 1; SELECT 2", "One statement at a time"),
        ("SELEC 1", "syntax error"),
    ):
        ask(page, sql)
        expect(refusal).to_contain_text(why)
    ask(page, "SELECT 42 AS answer")
    expect(page.get_by_role("region", name="Answer")).to_contain_text("42")
    expect(refusal).to_have_count(0)


def test_a_ready_question_is_asked_and_taken_away(
    open_page: Open, tmp_path: Path, keep_picture: Callable[[Page, str], None]
) -> None:
    page = open_page("/data")
    page.get_by_role("link", name="Which posts are on the way up?").click()
    rows = page.get_by_role("region", name="Answer").get_by_role("row")
    expect(rows).to_have_count(11)
    shown = rows.nth(1).get_by_role("cell").all_inner_texts()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download CSV").click()
    file = tmp_path / "answer.csv"
    waiting.value.save_as(file)
    head, first, *_ = file.read_text().splitlines()
    assert head.startswith("post_id,topic,")
    assert first.split(",") == shown
    page.evaluate("scrollTo(0, 0)")
    keep_picture(page, "data.png")


def test_a_feature_is_found_while_somebody_types(open_page: Open) -> None:
    page = open_page("/data")
    page.get_by_label("Find a feature").press_sequentially("trend", delay=20)
    catalogue = page.get_by_role("region", name="Feature catalogue")
    expect(catalogue.get_by_role("row")).to_have_count(2)
    expect(catalogue).to_contain_text("post_trend")


def test_without_javascript_it_works_as_well(open_page: Open) -> None:
    page = open_page("/data", java_script_enabled=False)
    page.get_by_label("Find a feature").fill("trend")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("region", name="Feature catalogue").get_by_role("row")).to_have_count(2)
    ask(page, "SELECT 6 * 7 AS n")
    expect(page.get_by_role("region", name="Answer")).to_contain_text("42")


def test_what_the_copies_did_is_told(open_page: Open, site: Site) -> None:
    page = open_page("/data")
    runs = page.get_by_role("region", name="Last runs")
    expect(runs.get_by_role("row").nth(1)).to_contain_text("well")
    expect(page.get_by_role("region", name="How much, and how new")).to_contain_text("raw.events")
