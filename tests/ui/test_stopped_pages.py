"""Pages whose statements are stopped, as when they take too long: told in words, with a way on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect
from werkzeug.test import TestResponse

from fieldstone_testing import App
from fieldstone_testing.browsers import Desk, picture, whole
from fieldstone_testing.holds import holding
from fieldstone_testing.visitors import Visitor, words

Visit = Callable[[str], Visitor]
LOCK = "LOCK TABLE main.opportunity IN ACCESS EXCLUSIVE MODE"
LIST = "/e/opportunity"
COSTLY = f"{LIST}?where=amount > 5"
SCRIPT = {"HX-Request": "true"}


def stopped(app: App, call: Callable[[], TestResponse]) -> TestResponse:
    """The answer to a call whose first statement about opportunities is stopped."""
    with holding(app, LOCK) as hold, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(call)
        hold.cancel()
        return answer.result(60)


@pytest.fixture
def ann(visit: Visit) -> Visitor:
    return visit("Ann")


@pytest.fixture
def record(deals: dict[str, str]) -> str:
    return f"{LIST}/{deals['Ward tablets']}"


def test_every_page_that_takes_too_long_says_so_and_leads_on(
    ann: Visitor, sales: App, record: str, deals: dict[str, str]
) -> None:
    pages = [
        COSTLY, f"{LIST}?q=ward", f"{LIST}/board", record, f"{record}/edit", f"{record}/history",
        f"{record}/activity", f"{record}/transitions/lose", f"{record}/move", "/search?q=ward", f"{LIST}/bin",
        f"{LIST}/merge?id={deals['Ward tablets']}&id={deals['Core switch refresh']}", f"{LIST}/export",
    ]  # fmt: skip
    for page in pages:
        ann.get(page)
        answer = stopped(sales, lambda page=page: ann.get(page))
        assert (answer.status_code, answer.mimetype) == (503, "text/html"), page
        assert "This takes too long" in words(answer), page
        assert "Nothing was written; narrow the request down." in words(answer), page
        assert "Try again" in words(answer), page
        assert ann.get(page).status_code == 200, page


def test_from_a_filter_that_costs_too_much_one_comes_back_to_the_list(ann: Visitor, sales: App) -> None:
    answer = stopped(sales, lambda: ann.get(COSTLY))
    assert f'<a class="btn btn-primary" href="{LIST}">Back to the list</a>' in answer.text
    assert ann.get(LIST).status_code == 200


def test_a_form_that_could_not_be_saved_says_that_what_was_typed_is_still_there(
    ann: Visitor, sales: App, record: str
) -> None:
    answer = stopped(sales, lambda: ann.post(f"{record}/edit", {"name": "Other", "version": "1"}))
    assert answer.status_code == 503
    assert "what you typed is still there" in words(answer)
    assert sales.sql("SELECT count(*) FROM main.opportunity WHERE name = 'Other'") == [(0,)]


def test_scripts_are_told_in_words_or_as_json(ann: Visitor, sales: App, record: str) -> None:
    part = stopped(sales, lambda: ann.get(f"{LIST}?part=sums", **SCRIPT))
    assert part.status_code == 503
    assert "<html" not in part.text
    assert "This takes too long" in words(part)
    told = stopped(sales, lambda: ann.get(record, Accept="application/json", **SCRIPT))
    assert (told.status_code, told.json["code"]) == (503, "too_slow")


def test_a_part_of_a_page_that_takes_too_long_says_so_in_its_place(
    desk: Desk, sales: App, record: str
) -> None:
    page = desk.page_of("Ann")
    page.goto(record)
    whole(page)
    history = page.get_by_role("navigation", name="Activity").get_by_role("link", name="History")
    with holding(sales, LOCK) as hold:
        history.click()
        hold.cancel()
        page.locator("#activity").get_by_text("narrow the request down").wait_for()
    history.click()
    page.locator("#activity").get_by_text("narrow the request down").wait_for(state="detached")
    assert "created" in page.locator("#activity").inner_text()


def test_what_has_no_place_of_its_own_on_the_page_is_told_in_a_message(
    desk: Desk, sales: App, deals: dict[str, str]
) -> None:
    page = desk.page_of("Ann")
    with page.expect_response("**/tabs*"), page.expect_response("**/sums*"):
        page.goto(f"{LIST}?fields=name,next_step")
    cell = page.locator(f'tr[data-id="{deals["Ward tablets"]}"] td[data-cell="next_step"]')
    message = page.locator("[data-notice]")
    with holding(sales, LOCK) as hold:
        cell.dblclick()
        hold.cancel()
        expect(message).to_contain_text("narrow the request down")
    page.context.set_offline(True)
    cell.dblclick()
    expect(message).to_contain_text("The server does not answer. Nothing is lost")
    page.keyboard.press("Escape")
    expect(message).to_have_count(0)
    page.locator("summary").filter(has_text="Columns").click()
    expect(message).to_contain_text("The server does not answer. Nothing is lost")
    picture(page, "list-without-server")
    page.get_by_role("button", name="Close this message").click()
    expect(message).to_have_count(0)
