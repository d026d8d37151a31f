"""Links that are records on the pages of both sides."""

from __future__ import annotations

from html import unescape

import pytest

from fieldstone import records
from fieldstone_testing.apps import layer_from
from fieldstone_testing.participants import LINK_RIGHTS, PARTICIPANTS
from fieldstone_testing.visitors import Visitor, words

REQUIRED = PARTICIPANTS.replace("default: adviser, required: true", "required: true")


def fill(app):
    people = records.create(app.system, "contact", [{"name": "Ada"}, {"name": "Bert"}])
    contacts = [{"id": str(one.id), "link": {"role": "buyer"}} for one in people]
    records.create(app.system, "deal", [{"name": "Pump", "contacts": contacts}])
    app.context_for("Ann", ["rep"])


@pytest.fixture
def app(app_from):
    return app_from.of_layers([layer_from(REQUIRED)], filled_by=fill)


@pytest.fixture
def web(app, web_of):
    return web_of(app)


@pytest.fixture
def known(app):
    found = app.sql("SELECT name, id FROM main.contact UNION SELECT name, id FROM main.deal")
    return {row.name: str(row.id) for row in found}


def test_a_deal_shows_its_contacts_and_its_links_with_their_fields(visit, known):
    page = words(visit("Ann").get(f"/e/deal/{known['Pump']}"))
    assert "Ada" in page
    assert "Participants" in page
    assert page.lower().count("buyer") == 2


def test_a_contact_shows_its_deals_and_who_linked_them(visit, known):
    visitor = visit("Ann")
    assert "Pump" in words(visitor.get(f"/e/contact/{known['Ada']}"))
    history = words(visitor.get(f"/e/contact/{known['Ada']}/history"))
    assert "Deals: 1 added" in history, history


def test_a_form_unlinks_who_is_taken_out(app, visit, known):
    form = {"sent": ["contacts"], "f.contacts": [f"contact:{known['Bert']}"]}
    assert visit("Ann").post(f"/e/deal/{known['Pump']}/edit", form).status_code == 200
    (deal,) = records.list(app.system, "deal", records.Query()).data
    assert [entry["title"] for entry in deal["contacts"]] == ["Bert"]


def test_a_field_that_a_link_requires_is_asked_for_at_the_contacts(app, visit, known):
    (dora,) = records.create(app.system, "contact", [{"name": "Dora"}])
    form = {"sent": ["contacts"], "f.contacts": [f"contact:{dora.id}"]}
    page = visit("Ann").post(f"/e/deal/{known['Pump']}/edit", form)
    assert page.status_code == 422
    assert "Role is required." in words(page)


def test_the_form_leads_to_the_list_in_which_what_links_say_is_edited(visit, known):
    visitor = visit("Ann")
    form = visitor.get(f"/e/deal/{known['Pump']}/edit")
    assert "Role, Note of each: in the list Participants ." in words(form)
    address = unescape(form.text.split('id="f-contacts-links"', 1)[1].split('href="', 1)[1].split('"', 1)[0])
    rows = visitor.get(address).text
    assert rows.count("data-id=") == 2
    assert 'data-cell="note"' in rows
    assert "in the list Participants, once this is saved." in words(visitor.get("/e/deal/new"))


INSIDE = REQUIRED.replace(
    "deal: {type: reference, to: deal, required: true, on_delete: cascade, inverse: participants}",
    "deal: {type: reference, to: deal, owned: true, inverse: participants}",
).replace(LINK_RIGHTS, "").replace("  participant: {read: true}\n", "")  # fmt: skip


def test_links_that_live_inside_a_record_are_edited_in_its_form(app_from, web_of):
    app = app_from.of_layers([layer_from(INSIDE)], filled_by=fill)
    (deal,) = app.sql("SELECT id FROM main.deal")
    visitor = Visitor(web_of(app))
    visitor.log_in("Ann")
    form = visitor.get(f"/e/deal/{deal.id}/edit").text
    (first, _) = records.get(app.system, "deal", deal.id)["participants"]
    assert f'name="f.participants.{first["id"]}.role"' in form
    assert 'name="f.contacts' not in form
