"""Formatted text, addresses, names, points and secrets in forms, on record pages, in lists and filters."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import expect

from fieldstone import records
from fieldstone.records import Query
from fieldstone_testing import App, AppFactory
from fieldstone_testing.accessibility import serious
from fieldstone_testing.visitors import words

CLUB = """
kind: app
name: club
label: Club
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: member
plural: Members
fields:
  name: {type: person_name, required: true}
  address: {type: address}
  place: {type: location}
  notes: {type: rich_text}
  pin: {type: secret}
---
kind: role
name: steward
inherits: [employee]
entities:
  member: {create: true, read: true, update: true}
"""
ADDRESS = {"street": "Østergade 1\n2. th", "postal_code": "1100", "city": "København", "country": "DK"}
ANN = {
    "name": {"title": "Dr.", "given": "Ann", "family": "Berg"},
    "address": ADDRESS,
    "place": {"latitude": "55.6761", "longitude": "12.5683"},
    "notes": "<p>Likes <b>tea</b></p><ul><li>one &amp; two</li></ul>",
}
FORM = {
    "sent": ["name", "address", "place", "notes", "pin"],
    "f.name.given": "Bo",
    "f.name.family": "Ek",
    "f.address.city": "Aarhus",
    "f.address.country": "DK",
    "f.place.latitude": "56.16",
    "f.place.longitude": "10.20",
    "f.notes": "<p onclick='x()'>Hi<script>alert(1)</script></p>",
}


@pytest.fixture
def club(app_from: AppFactory) -> App:
    app = app_from(CLUB)
    app.context_for("Ann", ["steward"])
    return app


@pytest.fixture
def web(club: App, web_of: Callable[[App], Flask]) -> Flask:
    return web_of(club)


@pytest.fixture
def ann(club: App) -> str:
    return str(records.create(club.system, "member", [ANN])[0].id)


def test_a_form_without_a_script_saves_the_parts(club, visit):
    visitor = visit("Ann")
    assert visitor.post("/e/member/new", FORM).status_code == 200
    [saved] = records.list(club.system, "member", Query()).data
    assert (saved["name"]["given"], saved["address"]["city"], saved["place"]["latitude"]) == (
        "Bo",
        "Aarhus",
        "56.16",
    )
    assert saved["notes"] == "<p>Hi</p>"


def test_a_part_that_is_refused_keeps_what_was_typed_and_says_why(club, visit):
    page = visit("Ann").post("/e/member/new", FORM | {"f.place.latitude": "91"})
    assert page.status_code == 422
    assert "-90 to 90 degrees" in words(page)
    assert 'value="91"' in page.text
    assert 'value="Aarhus"' in page.text


def test_pages_show_the_value_and_its_markup_but_no_more(club, ann, visit):
    page = visit("Ann").get(f"/e/member/{ann}")
    assert "Dr. Ann Berg" in words(page)
    assert "1100 København" in words(page)
    assert "Denmark" in words(page)
    assert "<p>Likes <b>tea</b></p>" in page.text


def test_a_list_shows_one_line_each(club, ann, visit):
    page = visit("Ann").get("/e/member?fields=name,address,place,notes")
    assert "1100 København, Denmark" in words(page)
    assert "Likes tea one & two" in words(page)


@pytest.mark.parametrize(
    ("asked", "chip"),
    [
        ("field=address&operator=city_is&value=KØBENHAVN", "Address city is KØBENHAVN"),
        ("field=address&operator=contains&value=øster", "Address contains øster"),
        ("field=name&operator=family_is&value=berg", "Name family name is berg"),
        ("field=notes&operator=contains&value=likes tea", "Notes contains likes tea"),
        ("field=place&operator=set", "Place is set"),
    ],
)
def test_a_chip_asks_about_a_part(ann, visit, asked, chip):
    visitor = visit("Ann")
    page = visitor.get(f"/e/member/filter?{asked}")
    assert chip in words(page)
    assert "Dr. Ann Berg" in words(page)


def test_formatted_text_is_typed_as_it_will_look(club, ann, desk):
    page = desk.page_of("Ann")
    page.goto(f"/e/member/{ann}")
    page.locator('[data-field="notes"] dd').click()
    editor = page.get_by_role("textbox", name="Notes")
    expect(editor).to_be_focused()
    editor.press("Control+a")
    page.get_by_role("button", name="Italic").click()
    editor.press("Control+End")
    editor.type(" and cake")
    assert serious(page) == []
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("[data-savebar]")).to_be_hidden()
    expect(page.locator('[data-field="notes"] .fs-rich-shown')).to_contain_text("one & two and cake")
    assert "<i>" in records.list(club.system, "member", Query()).data[0]["notes"]


def test_the_parts_of_a_form_fit_a_phone_and_have_labels(club, desk):
    page = desk.page_of("Ann", viewport={"width": 360, "height": 900})
    page.goto("/e/member/new")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_secret_is_replaced_kept_and_cleared_but_never_shown(club, ann, visit):
    visitor = visit("Ann")
    edit = f"/e/member/{ann}/edit"

    def save(version: int, **typed: str) -> str:
        sent = {"version": str(version), "sent": ["pin", "place"], "f.place.latitude": str(version)}
        saved = visitor.post(edit, sent | {"f.place.longitude": "1"} | typed)
        assert saved.status_code == 200
        return saved.text + visitor.get(edit).text + visitor.get("/e/member?fields=name,pin").text

    assert "Not set" in visitor.get(edit).text
    shown = [save(1, **{"f.pin": "12-34-56"}), save(2), save(3, **{"f.pin.clear": "1"})]
    assert ["Clear it" in page for page in shown] == [True, True, False]
    assert ["Not set" in page for page in shown] == [False, False, True]
    assert "12-34-56" not in "".join(shown)


def test_a_secret_that_was_typed_does_not_come_back_with_a_refusal(club, visit):
    page = visit("Ann").post("/e/member/new", FORM | {"f.pin": "12-34-56", "f.place.latitude": "91"})
    assert page.status_code == 422
    assert "12-34-56" not in page.text
