"""Somebody looks at a user's feed, likes and skips in it, and sees it react."""

import re
from collections.abc import Callable

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open, Site


def cards(page: Page) -> Locator:
    return page.locator("#lists .cards > li")


def post_ids(page: Page) -> list[int]:
    return [int(text.rpartition("#")[2]) for text in page.locator("#lists .post-head .id").all_inner_texts()]


def search(page: Page, user_id: int) -> None:
    page.get_by_label("User id").fill(str(user_id))
    page.get_by_role("button", name="Show feed").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(str(user_id))
    page.wait_for_load_state()  # the lists come below the heading


def test_a_liked_post_goes_for_good_and_is_in_the_database(open_page: Open, site: Site, user_ids: list[int]) -> None:
    page, user = open_page(), user_ids[0]
    expect(page.get_by_role("heading", name="What everybody likes")).to_be_visible()
    search(page, user)
    before = post_ids(page)
    chosen = before[2]
    likes = "SELECT count(*) FROM feed_action WHERE user_id = %s AND post_id = %s AND action = 'like'"
    assert site.rows(likes, user, chosen) == [(0,)]

    cards(page).nth(2).get_by_role("button", name="Like").click()
    expect(page.get_by_role("status").filter(has_text=f"Liked post {chosen}")).to_be_visible()
    assert site.rows(likes, user, chosen) == [(1,)]
    after = post_ids(page)
    assert chosen not in after
    assert len(after) == len(before)  # another has taken the place
    new = [place for place, post_id in enumerate(after) if post_id not in before]
    assert new
    expect(cards(page).nth(new[0]).get_by_text("new", exact=True)).to_be_visible()
    expect(page.locator(".timeline li").first).to_contain_text("liked")
    assert page.evaluate("document.activeElement.textContent").strip() == "Like"  # the keyboard goes on where it was

    page.reload()
    assert chosen not in post_ids(page)


def test_a_skip_is_a_view_and_makes_room(open_page: Open, site: Site, user_ids: list[int]) -> None:
    user = user_ids[1]
    page = open_page(f"/?user={user}")
    [first, *_] = post_ids(page)
    events = "SELECT action, count(*) FROM feed_action WHERE user_id = %s AND post_id = %s GROUP BY 1 ORDER BY 1"
    before = dict(site.rows(events, user, first))
    cards(page).first.get_by_role("button", name="Skip").click()
    expect(page.get_by_role("status").filter(has_text=f"Skipped post {first}")).to_be_visible()
    assert first not in post_ids(page)
    assert dict(site.rows(events, user, first)) == {**before, "view": before.get("view", 0) + 1}
    [second, *_] = post_ids(page)
    cards(page).first.get_by_role("button", name="Like").click()
    expect(page.get_by_role("status").filter(has_text=f"Liked post {second}")).to_be_visible()
    assert {first, second}.isdisjoint(post_ids(page))  # what was skipped is remembered


def test_the_arms_can_be_compared(open_page: Open, site: Site, user_ids: list[int]) -> None:
    user = user_ids[2]
    page = open_page(f"/?user={user}")
    own = httpx.get(f"{site.url}/post/recommendations", params={"id": user}).json()["exp_group"]
    other = {"control": "test", "test": "control"}[own]
    arms = page.locator("#lists h3 .arm")
    expect(arms).to_have_text([own])
    mine = post_ids(page)
    page.get_by_role("link", name="Other arm").click()
    expect(arms).to_have_text([other])
    theirs = post_ids(page)
    page.get_by_role("link", name="Both").click()
    expect(arms).to_have_text([own, other])
    assert post_ids(page) == mine + theirs
    expect(page.get_by_text("in both")).to_have_count(2 * len(set(mine) & set(theirs)))
    for group in page.locator("#lists .column").all():
        places = group.locator(".id")
        assert places.count() == len(mine)


def test_a_post_says_why_it_is_there(
    open_page: Open, user_ids: list[int], keep_picture: Callable[[Page, str], None]
) -> None:
    page = open_page(f"/?user={user_ids[3]}")
    why = page.locator(".why").first
    expect(why.get_by_role("table")).to_be_hidden()
    why.get_by_text("Why this post").click()
    expect(why.get_by_role("row")).to_have_count(5)
    expect(why.get_by_role("row").first).to_contain_text(re.compile(r"[+-]\d\.\d\d"))
    keep_picture(page, "feed.png")


def test_the_past_is_shown_as_it_was_known_and_cannot_be_acted_in(open_page: Open, user_ids: list[int]) -> None:
    page = open_page(f"/?user={user_ids[4]}")
    page.get_by_label("As of").fill("2001-01-01T10:00")
    page.get_by_role("button", name="Show feed").click()
    expect(page.get_by_text("That far back nothing is known")).to_be_visible()
    expect(page.get_by_role("button", name="Like")).to_have_count(0)
    expect(page.get_by_label("As of")).to_have_value("2001-01-01T10:00")


def test_surprise_finds_somebody_of_the_segment(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("link", name="with more than 50 events").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(r"What user \d+ would see"))
    expect(page.locator(".timeline li").first).to_be_visible()


def test_who_is_unknown_gets_what_a_newcomer_gets(open_page: Open) -> None:
    page = open_page("/?user=987654321")
    expect(page.get_by_text("Nobody knows this user")).to_be_visible()
    assert post_ids(page)


def test_all_can_be_done_from_the_keyboard(open_page: Open, user_ids: list[int]) -> None:
    page, user = open_page(), user_ids[5]
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_text("Skip to content")
    expect(focused).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(str(user))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(str(user))
    [first, *_] = post_ids(page)
    cards(page).first.get_by_role("button", name="Like").focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text=f"Liked post {first}")).to_be_visible()
