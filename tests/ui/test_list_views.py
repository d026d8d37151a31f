"""Views of a list: tabs with counts, and as many of them as fit."""

import re

from playwright.sync_api import expect

from fieldstone_testing.statements import noted_statements
from fieldstone_testing.visitors import words

COUNT = re.compile(r'id="count-(\w+)"[^>]*>([^<]*)<')


def test_the_tabs_tell_how_many_records_each_view_shows(visit):
    told = dict(COUNT.findall(visit("Ann").get("/e/opportunity/tabs").text))
    assert told["my_open_deals"] == "4"
    assert told["won_this_year"] == "0"


def test_the_counts_of_all_tabs_cost_one_statement_and_do_not_delay_the_page(visit):
    ann = visit("Ann")
    ann.get("/e/opportunity/tabs")
    with noted_statements() as page:
        ann.get("/e/opportunity")
    with noted_statements() as counted:
        ann.get("/e/opportunity/tabs")
    assert [text for text in page if "count(" in text] == []
    assert len([text for text in counted if "count(" in text]) == 1


def test_a_reader_sees_counts_of_what_the_reader_may_read(visit):
    told = dict(COUNT.findall(visit("Bo").get("/e/opportunity/tabs").text))
    assert set(told.values()) == {"0"}


def test_the_recycle_bin_is_in_the_menu_of_those_who_may_delete(visit):
    assert "/e/opportunity/bin" in visit("Ann").get("/e/opportunity").text
    assert "Recycle bin" in words(visit("Ann").get("/e/opportunity/bin"))


def test_tabs_that_do_not_fit_are_in_a_menu_and_none_is_cut(desk):
    ann = desk.page_of("Ann", viewport={"width": 1000, "height": 700})
    ann.goto("/e/opportunity?view=lost_deals")
    tabs = ann.get_by_role("navigation", name="Views", exact=True)
    expect(tabs.locator("[aria-current]")).to_be_visible()
    expect(ann.locator("[data-more-views]")).to_be_visible()
    assert tabs.evaluate("nav => nav.scrollWidth - nav.clientWidth") <= 1
    hidden = tabs.locator("a[hidden]").all_inner_texts()
    ann.get_by_text(re.compile(r"\d more")).click()
    expect(ann.get_by_role("navigation", name="More views").get_by_role("link")).to_have_count(len(hidden))
