"""Records that count as the same are pointed out at the field, and asked about or refused before a save."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone.publication.layers import template_layer
from fieldstone_testing.apps import layer_from
from fieldstone_testing.statements import noted_statements
from fieldstone_testing.visitors import words

LOCAL = """
kind: entity
name: account
extends: true
duplicates:
  - {name: same_city, match: [city], mode: warn}
  - {name: same_phone, match: [phone, name], mode: block}
"""
FORM = {"sent": ["name", "city", "phone"], "f.name": "Acme two", "f.city": "Oslo", "f.phone": ""}
PHONE = "+4722334455"


@pytest.fixture
def sales(app_from):
    return app_from.of_layers([template_layer("sales"), layer_from(LOCAL)], filled_by=two_accounts)


def two_accounts(app):
    """Dana's accounts: Acme one in Oslo with a phone, and Fjord in Bergen; and one in Molde for nobody."""
    dana = app.context_for("Dana", ["sales_manager"], ["North"])
    rows = [{"name": "Acme one", "city": "Oslo", "phone": PHONE}, {"name": "Fjord", "city": "Bergen"}]
    records.create(dana, "account", rows)


@pytest.fixture
def accounts(sales):
    """Name → id."""
    return {name: str(id_) for name, id_ in sales.sql("SELECT name, id FROM main.account")}


def states(visitor, address, form):
    headers = {"HX-Request": "true", "Accept": "application/json"}
    return visitor.post(address, form, **headers).json["fields"]


def test_the_form_shows_what_is_there_already_and_saves_it_anyway_when_told_to(visit, accounts):
    dana = visit("Dana")
    asked = dana.post("/e/account/new", FORM)
    assert asked.status_code == 409
    assert "The same city Acme one" in words(asked)
    assert f'href="/e/account/{accounts["Acme one"]}"' in asked.text
    assert "Compare and merge" not in words(asked)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', asked.text))
    assert (hidden["f.name"], hidden["accept_duplicates"]) == ("Acme two", "1")
    assert dana.post("/e/account/new", {**FORM, "accept_duplicates": "1"}).status_code == 200
    assert "Acme two" in words(dana.get("/e/account"))


def test_what_must_not_be_there_twice_is_refused_at_its_field_with_a_link(visit, accounts):
    refused = visit("Dana").post("/e/account/new", {**FORM, "f.name": "ACME one", "f.phone": PHONE})
    assert refused.status_code == 409
    assert "Already there: Acme one , with the same phone and name." in words(refused)
    assert f'href="/e/account/{accounts["Acme one"]}"' in refused.text
    assert "Save anyway" not in words(refused)


def test_it_is_pointed_out_at_the_field_as_one_types(visit, accounts):
    dana = visit("Dana")
    told = states(dana, "/e/account/states", FORM)
    assert f'href="/e/account/{accounts["Acme one"]}"' in told["city"]["alike"]
    assert told["phone"]["alike"] == ""
    assert "alike" not in told["name"]
    assert states(dana, "/e/account/states", {**FORM, "f.city": "Odda"})["city"]["alike"] == ""


def test_a_record_that_is_there_can_be_merged_with_the_one_that_is_the_same(visit, accounts):
    fjord, acme = accounts["Fjord"], accounts["Acme one"]
    dana, form = visit("Dana"), {"sent": ["city"], "f.city": "Oslo", "version": "1"}
    merge = f"/e/account/merge?id={fjord}&amp;id={acme}"
    assert merge in states(dana, f"/e/account/{fjord}/states", form)["city"]["alike"]
    assert merge in dana.post(f"/e/account/{fjord}/edit", form).text


def test_a_name_is_never_markup(visit, sales):
    evil = "<img src=x onerror=alert(1)>"
    records.create(sales.context_for("Dana"), "account", [{"name": evil, "city": "Odda"}])
    told = states(visit("Dana"), "/e/account/states", {**FORM, "f.city": "Odda"})["city"]["alike"]
    assert "<img" not in told
    assert "&lt;img" in told


def test_a_form_without_anything_to_compare_asks_nothing(visit):
    dana = visit("Dana")
    empty = {**FORM, "f.city": ""}
    states(dana, "/e/account/states", FORM)
    with noted_statements() as none:
        states(dana, "/e/account/states", empty)
    with noted_statements() as some:
        states(dana, "/e/account/states", FORM)
    assert len(some) - len(none) == 2


def test_merging_asks_too_where_the_result_is_like_another(visit, sales, accounts):
    dana = replace(sales.context_for("Dana"), accepts_duplicates=True)
    others = [{"name": "Fjord AS", "city": "Odda"}, {"name": "Other", "city": "Odda"}]
    ids = [accounts["Fjord"], str(records.create(dana, "account", others)[0].id)]
    form = {"id": ids, "kept": ids[0], f"version.{ids[0]}": "1", "take.city": ids[1]}
    visitor = visit("Dana")
    asked = visitor.post("/e/account/merge", form)
    assert asked.status_code == 409
    assert "Merge 2 accounts anyway" in words(asked)
    done = visitor.post("/e/account/merge", {**form, "accept_duplicates": "1"})
    assert "2 accounts merged into one." in words(done)


def test_typing_a_city_shows_the_other_account_and_saving_asks(desk, accounts):
    dana = desk.page_of("Dana")
    dana.goto(f"/e/account/{accounts['Fjord']}")
    dana.get_by_role("button", name="Edit City").click()
    dana.get_by_label("City", exact=True).fill("Oslo")
    note = dana.locator('[data-field="city"] [data-alike]')
    expect(note).to_contain_text("Perhaps the same: Acme one (compare and merge), with the same city.")
    dana.keyboard.press("Control+s")
    expect(dana.get_by_role("dialog")).to_contain_text("The same city")
    dana.get_by_role("button", name="Save anyway").click()
    expect(dana.locator('[data-field="city"] .fs-v')).to_have_text("Oslo")
    expect(note).to_have_count(0)
