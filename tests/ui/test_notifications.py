"""The bell and what is behind it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from fieldstone_testing import App
from fieldstone_testing.statements import noted_statements
from fieldstone_testing.visitors import Visitor, words

Visit = Callable[[str], Visitor]
OPEN = re.compile(r'action="(/notifications/[0-9a-f-]{36}/open)"')


@pytest.fixture
def path(deals: dict[str, str]) -> str:
    return f"/e/opportunity/{deals['Ward tablets']}"


def test_a_mention_is_marked_at_the_bell_until_it_is_opened(visit: Visit, path: str) -> None:
    visit("Ann").post(f"{path}/comments", {"body": "@Dana please approve"})
    dana = visit("Dana")
    assert 'aria-label="Notifications, 1 unread"' in dana.get("/e/account").text
    page = dana.get("/notifications")
    assert "Ann mentioned you in a comment" in words(page)
    opened = dana.post(OPEN.findall(page.text)[0], {})
    assert (opened.request.path, opened.status_code) == (path, 200)
    assert 'aria-label="Notifications"' in opened.text
    assert '<span class="fs-at">@Dana</span> please approve' in dana.get(f"{path}/activity").text


def test_all_notifications_can_be_marked_as_read(visit: Visit, path: str) -> None:
    ann, dana = visit("Ann"), visit("Dana")
    for text in ("@Dana one", "@Dana two"):
        ann.post(f"{path}/comments", {"body": text})
    assert "2 unread" in dana.get("/notifications").text
    assert "unread" not in dana.post("/notifications/read", {}).text


def test_a_notification_of_somebody_else_is_not_there(visit: Visit, path: str) -> None:
    visit("Ann").post(f"{path}/comments", {"body": "@Dana please approve"})
    address = OPEN.findall(visit("Dana").get("/notifications").text)[0]
    bo = visit("Bo")
    assert "Ann mentioned you" not in words(bo.get("/notifications"))
    assert bo.post(address, {}).status_code == 404


def test_a_notification_of_what_may_not_be_read_any_more_leads_nowhere(
    visit: Visit, path: str, sales: App
) -> None:
    sales.user("Eve", ["sales_rep"], ["North"])
    visit("Ann").post(f"{path}/comments", {"body": "@Eve please look"})
    eve = visit("Eve")
    address = OPEN.findall(eve.get("/notifications").text)[0]
    sales.sql("UPDATE main.opportunity SET team = NULL")
    opened = eve.post(address, {})
    assert opened.request.path == "/notifications"
    assert "you may not see it" in words(opened)
    assert "Ward tablets" not in words(opened)


def test_the_bell_costs_a_page_one_statement_and_parts_of_pages_none(visit: Visit, path: str) -> None:
    ann = visit("Ann")
    ann.get(path)
    for address, headers, expected in ((path, {}, 1), (f"{path}/activity", {"HX-Request": "true"}, 0)):
        with noted_statements() as seen:
            ann.get(address, **headers)
        assert len([text for text in seen if "notification" in text]) == expected
