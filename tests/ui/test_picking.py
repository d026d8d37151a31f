"""Pickers whose options follow what else stands in the form (`record.x` in the `where` of a reference)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fieldstone import records
from fieldstone_testing import App, AppFactory
from fieldstone_testing.visitors import Visitor

SALES = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
plural: Accounts
fields:
  name: {type: text, required: true}
search: [name]
---
kind: entity
name: contact
plural: Contacts
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: contacts}
search: [name]
---
kind: entity
name: deal
plural: Deals
fields:
  name: {type: text}
  account: {type: reference, to: account, inverse: deals}
  contact: {type: reference, to: contact, inverse: deals, where: account == record.account}
  payer: {type: reference, to: [account, contact], where: {contact: account == record.account}}
  carrier: {type: reference, to: [account, contact], where: {account: name != "Bolt"}}
---
kind: entity
name: stop
plural: Stops
fields:
  name: {type: text}
  deal: {type: reference, to: deal, owned: true, inverse: stops}
  host: {type: reference, to: contact, inverse: stops, where: account == record.deal.account}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {create: true, read: true, update: true}
  contact: {create: true, read: true, update: true}
  deal: {create: true, read: true, update: true}
"""
ROUTE = "/lookup/contact?of=deal"


@pytest.fixture
def sales(app_from: AppFactory) -> App:
    return app_from(SALES)


@pytest.fixture
def accounts(sales: App) -> dict[str, str]:
    """Name → id of two accounts; Ada is a contact of Acme, Bob one of Bolt."""
    ann = sales.context_for("Ann", ["rep"])
    made = records.create(ann, "account", [{"name": "Acme"}, {"name": "Bolt"}])
    acme, bolt = (str(one.id) for one in made)
    records.create(ann, "contact", [{"name": "Ada", "account": acme}, {"name": "Bob", "account": bolt}])
    return {"Acme": acme, "Bolt": bolt}


@pytest.fixture
def ann(accounts: dict[str, str], visit: Callable[[str], Visitor]) -> Visitor:
    assert accounts
    return visit("Ann")


def test_the_options_follow_what_was_typed(ann: Visitor, accounts: dict[str, str]) -> None:
    typed = {"sent": ["account"], "f.account": f"account:{accounts['Bolt']}"}
    answer = ann.post(f"{ROUTE}&at=contact", typed)
    assert "Bob" in answer.text
    assert "Ada" not in answer.text


def test_the_options_of_a_row_follow_the_record_around_it(ann: Visitor, accounts: dict[str, str]) -> None:
    typed = {"sent": ["account"], "f.account": f"account:{accounts['Acme']}"}
    answer = ann.post(f"{ROUTE}&at=stops.new1.host", typed)
    assert "Ada" in answer.text
    assert "Bob" not in answer.text


def test_the_options_of_several_entities_say_what_they_are(ann: Visitor, accounts: dict[str, str]) -> None:
    typed = {"sent": ["account"], "f.account": f"account:{accounts['Bolt']}"}
    answer = ann.post("/lookup/account,contact?of=deal&at=payer", typed)
    assert [title in answer.text for title in ("Acme", "Bolt", "Bob", "Ada")] == [True, True, True, False]
    assert "Contact" in answer.text


def test_a_limit_of_one_entity_leaves_the_others_alone(ann: Visitor) -> None:
    answer = ann.get("/lookup/account,contact?of=deal&field=carrier")
    assert [title in answer.text for title in ("Acme", "Bolt", "Bob", "Ada")] == [True, False, True, True]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{ROUTE}&at=nothing", 200),
        (f"{ROUTE}&at=a.b.c", 200),
        (f"{ROUTE}&at=stops.x.host", 200),
        (f"{ROUTE}&at=contact&id=x", 404),
        ("/lookup/contact?of=nothing&at=contact", 404),
    ],
)
def test_a_question_about_what_is_not_there_finds_nothing(ann: Visitor, address: str, status: int) -> None:
    answer = ann.post(address, {"sent": ["account"]})
    assert answer.status_code == status
    assert "Ada" not in answer.text


def test_a_form_offers_what_fits_the_account_picked_in_it(accounts, desk) -> None:
    assert accounts
    page = desk.page_of("Ann")
    page.goto("/e/deal/new")
    page.get_by_role("combobox", name="Account").fill("Bolt")
    page.get_by_role("option", name="Bolt").click()
    page.get_by_role("combobox", name="Contact").fill("b")
    expect(page.get_by_role("option", name="Bob")).to_be_visible()
    page.get_by_role("combobox", name="Contact").fill("a")
    expect(page.get_by_text("Nothing found for “a”.")).to_be_visible()
