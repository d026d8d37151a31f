"""What stands beside a record: timeline, comments and history, with and without a script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone_testing import App
from fieldstone_testing.accessibility import violations
from fieldstone_testing.browsers import PHONE, Desk
from fieldstone_testing.visitors import Visitor, words

Visit = Callable[[str], Visitor]
SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def path(deals: dict[str, str]) -> str:
    return f"/e/opportunity/{deals['Ward tablets']}"


def test_a_comment_is_written_without_a_script_and_stands_in_the_timeline(visit: Visit, path: str) -> None:
    ann = visit("Ann")
    ann.post(f"{path}/comments", {"body": "Ask for <b>the</b> order number\nbefore Friday"})
    told = ann.get(f"{path}/activity")
    assert "Ann created it" in words(told)
    assert "Ask for &lt;b&gt;the&lt;/b&gt; order number<br>before Friday" in told.text
    assert "Comments 1" in words(told)


def test_a_refused_comment_is_shown_again_with_the_reason(visit: Visit, path: str) -> None:
    refused = visit("Ann").post(f"{path}/comments", {"body": "x" * 20001})
    assert refused.status_code == 422
    assert "At most 20000 characters are allowed" in words(refused)
    assert "x" * 20001 in refused.text


def test_each_tab_shows_its_kind(visit: Visit, path: str) -> None:
    ann = visit("Ann")
    ann.post(f"{path}/comments", {"body": "Call them"})
    shown = {tab: words(ann.get(f"{path}/activity?show={tab}", **SCRIPT)) for tab in ("comments", "history")}
    assert ("Call them" in shown["comments"], "created it" in shown["comments"]) == (True, False)
    assert ("Call them" in shown["history"], "created it" in shown["history"]) == (False, True)


def test_only_ones_own_comments_can_be_changed_and_deleted(visit: Visit, path: str) -> None:
    ann, dana = visit("Ann"), visit("Dana")
    ann.post(f"{path}/comments", {"body": "Call them"})
    mine, theirs = ann.get(f"{path}/activity").text, dana.get(f"{path}/activity").text
    (edit,) = re.findall(r'href="([^"]*/comments/[^"]*)"', mine)
    assert "/comments/" not in theirs.replace(f"{path}/comments", "")
    ann.post(edit, {"body": "Call them today", "version": "1"})
    assert "Call them today" in words(dana.get(f"{path}/activity"))
    assert dana.post(f"{edit}/delete", {}).status_code == 403
    ann.post(f"{edit}/delete", {})
    assert "Call them" not in words(ann.get(f"{path}/activity"))


def test_the_activity_of_an_unreadable_record_is_not_there(visit: Visit, sales: App, path: str) -> None:
    visit("Ann").post(f"{path}/comments", {"body": "A secret"})
    bo = visit("Bo")
    assert bo.get(f"{path}/activity").status_code == 404
    assert bo.get(f"{path}/activity?show=comments").status_code == 404
    assert bo.post(f"{path}/comments", {"body": "x"}).status_code in {404, 422}
    assert len(records.list(sales.system, "comment", records.Query()).data) == 1


def test_comments_are_written_in_place(desk: Desk, path: str) -> None:
    ann = desk.page_of("Ann")
    ann.goto(path)
    box = ann.get_by_label("Comment", exact=True)
    box.fill("Ask for the order number")
    box.press("Control+Enter")
    side = ann.get_by_role("complementary", name="Activity")
    expect(side.locator(".fs-cmt")).to_have_text("Ask for the order number")
    expect(side.locator("#activity-comments")).to_contain_text("1")
    expect(box).to_have_value("")
    side.get_by_role("link", name="History").click()
    expect(side.locator(".fs-cmt")).to_have_count(0)
    side.get_by_role("link", name="Comments").click()
    expect(side.locator(".fs-cmt")).to_have_count(1)
    assert violations(ann, runOnly=["wcag2a", "wcag2aa", "best-practice"]) == []


def test_an_at_offers_people_who_may_read_the_record(desk: Desk, path: str, visit: Visit) -> None:
    assert "Bo" not in words(visit("Ann").get(f"{path}/people?q=o"))
    assert visit("Bo").get(f"{path}/people?q=a").status_code == 404
    ann = desk.page_of("Ann")
    ann.goto(path)
    box = ann.get_by_label("Comment", exact=True)
    box.press_sequentially("Please look, @da")
    expect(ann.get_by_role("listbox", name="People").get_by_role("option")).to_have_text(["Dana"])
    box.press("Enter")
    expect(box).to_have_value("Please look, @Dana ")
    box.press("Control+Enter")
    expect(ann.locator(".fs-cmt .fs-at")).to_have_text("@Dana")


def test_the_timeline_fits_a_phone(desk: Desk, path: str, visit: Visit) -> None:
    visit("Ann").post(f"{path}/comments", {"body": "x" * 300})
    ann = desk.page_of("Ann", viewport=PHONE)
    ann.goto(path)
    expect(ann.locator(".fs-cmt")).to_be_visible()
    assert ann.evaluate("document.documentElement.scrollWidth") <= 360
