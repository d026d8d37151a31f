"""The page of the API's documentation, in a browser, under the strict policy."""

import pytest

from fieldstone_testing.browsers import desk_before, picture
from fieldstone_testing.deals import DEALS


@pytest.fixture
def desk(app_from, web_of, browser):
    app = app_from(DEALS)
    app.user("Mia", ["manager"])
    with desk_before(browser, web_of(app)) as opened:
        yield opened


def test_whoever_is_logged_in_reads_and_tries_the_api_without_breaking_the_policy(desk):
    page = desk.page_of("Mia")
    page.goto("/api/docs")
    page.get_by_role("link", name="customer", exact=True).click()
    page.get_by_text("Create customers").click()
    page.get_by_role("button", name="Try it out").click()
    page.locator("textarea.body-param__text").fill('{"name": "Tried out"}')
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table .response-col_status", has_text="201").wait_for()
    picture(page, "api-docs")


def test_whoever_is_not_logged_in_is_asked_to(desk):
    page = desk.page()
    page.goto("/api/docs")
    assert page.url.endswith("/login?next=/api/docs")
