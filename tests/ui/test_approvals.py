"""Approvals and time limits on pages: what waits beside the path and for the reader, deciding in a dialog."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import pytest
from playwright.sync_api import ViewportSize, expect

from fieldstone import records
from fieldstone_testing import App
from fieldstone_testing.accessibility import serious
from fieldstone_testing.browsers import DESK, PHONE, Desk, picture
from fieldstone_testing.visitors import Visitor, words

Visit = Callable[[str], Visitor]
DEAL = "Ward tablets"


@pytest.fixture
def path(sales: App, deals: dict[str, str]) -> str:
    """A deal of Ann's in its proposal, with a discount that Dana has to approve."""
    deal, ann = UUID(deals[DEAL]), sales.context_for("Ann")
    records.transition(ann, "opportunity", deal, "propose")
    records.update(ann, "opportunity", [records.Change(deal, {"discount": "30"})])
    return f"/e/opportunity/{deal}"


def asked_for(visitor: Visitor, path: str) -> None:
    visitor.post(f"{path}/transitions/win", {"sent": "close_date", "f.close_date": "2031-05-04"})


def dialog(visitor: Visitor, path: str, act: str) -> str:
    (address,) = re.findall(rf'href="([^"]+/approvals/[^"]+/{act})"', visitor.get(path).text)
    return address


def test_a_move_that_needs_an_approval_says_so_and_asks_for_it(visit: Visit, path: str) -> None:
    ann = visit("Ann")
    assert "you ask for it now, and the record moves once it is given" in words(
        ann.get(f"{path}/transitions/win")
    )
    asked_for(ann, path)
    page = words(ann.get(path))
    assert "Win waits for the approval of Sales manager. Ann asked" in page
    assert "Dana can decide." in page
    assert "Withdraw…" in page
    assert "Approve…" not in page


def test_an_approver_agrees_on_the_page_of_the_record(visit: Visit, path: str) -> None:
    asked_for(visit("Ann"), path)
    dana = visit("Dana")
    address = dialog(dana, path, "approve")
    assert f"Win: {DEAL}" in words(dana.get(address))
    page = words(dana.post(address, {"reason": "Good customer"}))
    assert "waits for the approval" not in page
    history = words(dana.get(f"{path}/history"))
    assert "Dana approved" in history
    assert "Good customer" in history
    assert "Ann asked for approval" in history


def test_a_rejection_asks_for_a_reason_and_keeps_what_was_typed(visit: Visit, path: str) -> None:
    asked_for(visit("Ann"), path)
    dana = visit("Dana")
    address = dialog(dana, path, "reject")
    refused = dana.post(address, {"reason": " "})
    assert (refused.status_code, "Say why" in words(refused)) == (422, True)
    dana.post(address, {"reason": "Too much"})
    assert "Too much" in words(dana.get(f"{path}/history"))


def test_a_requester_withdraws(visit: Visit, path: str) -> None:
    ann = visit("Ann")
    asked_for(ann, path)
    page = words(ann.post(dialog(ann, path, "withdraw"), {}))
    assert "waits for the approval" not in page


def test_what_waits_for_somebody_stands_behind_the_bell(visit: Visit, path: str) -> None:
    asked_for(visit("Ann"), path)
    page = visit("Dana").get("/notifications")
    assert f"Waiting for your approval A Ann asks: Win {DEAL}" in words(page)
    assert f'href="{path}"' in page.text
    assert "Waiting for your approval" not in words(visit("Ann").get("/notifications"))


def test_an_unknown_act_and_an_unknown_request_are_not_found(visit: Visit, path: str) -> None:
    ann = visit("Ann")
    asked_for(ann, path)
    address = dialog(ann, path, "withdraw")
    assert ann.get(address.replace("withdraw", "dance")).status_code == 404
    assert visit("Bo").get(address).status_code == 404


def test_a_record_that_stays_too_long_is_overdue_on_page_board_and_list(
    sales: App, visit: Visit, path: str
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=4, hours=1)
    sales.sql("UPDATE main_system.time_limit SET due_at = :at", at=long_ago)
    ann = visit("Ann")
    assert "day 1, overdue 4 d" in words(ann.get(path))
    assert "Overdue" in words(ann.get("/e/opportunity/board"))
    assert "Overdue" in words(ann.get("/e/opportunity?columns=name,stage"))


def test_the_time_that_is_left_stands_on_the_path(visit: Visit, path: str) -> None:
    assert re.search(r"day 1, due in \d+ d", words(visit("Ann").get(path)))


@pytest.mark.parametrize(("size", "theme"), [(DESK, "light"), (PHONE, "dark")])
def test_approving_works_with_the_keyboard_and_is_accessible(
    size: ViewportSize, theme: Literal["light", "dark"], desk: Desk, visit: Visit, path: str
) -> None:
    asked_for(visit("Ann"), path)
    page = desk.page_of("Dana", viewport=size, color_scheme=theme)
    page.goto(path)
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    found = serious(page)
    picture(page, f"approval-{theme}")
    assert (wide, found) == (False, [])
    page.get_by_role("link", name="Approve…").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Reason").fill("Fine")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("waits for the approval")).to_have_count(0)
    expect(page.locator(".fs-path [aria-current=step]")).to_contain_text("Won")
