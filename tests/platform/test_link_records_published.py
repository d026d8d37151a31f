"""Links that are records, when what is declared changes, and when many rows are written at once."""

from __future__ import annotations

import json

import pytest

from fieldstone import records
from fieldstone.publication.apply import propose
from fieldstone.publication.refusal import PlanRefused
from fieldstone_testing.apps import layer_from
from fieldstone_testing.participants import PARTICIPANTS

PLAIN = PARTICIPANTS.replace(", through: participant", "")


def fill(app):
    people = records.create(app.system, "contact", [{"name": "Ada"}, {"name": "Bert"}])
    contacts = [str(one.id) for one in people]
    records.create(app.system, "deal", [{"name": "Pump", "contacts": contacts}])


def proposed(app, text):
    return propose(app.database, [layer_from(text)])


def names(app):
    (deal,) = records.list(app.system, "deal", records.Query()).data
    return [entry["title"] for entry in deal["contacts"]]


def test_plain_links_are_not_lost_unnoticed_when_a_field_goes_through_an_entity(app_from):
    app = app_from.of_layers([layer_from(PLAIN)], filled_by=fill)
    refusals = proposed(app, PARTICIPANTS).plan.refusals
    assert [(refusal.element, refusal.code) for refusal in refusals] == [("field deal.contacts", "links")]


def test_links_made_twice_by_then_are_told_before_a_field_goes_through_them(app_from):
    without = PARTICIPANTS.replace(
        "  contacts: {type: references, to: contact, through: participant, inverse: deals}\n"
        "  crowd: {type: formula, expression: count(contacts), stored: true}\n"
        "  names: {type: formula, expression: 'join(contacts.name, \", \")'}\n",
        "",
    ).replace('  won: {type: formula, expression: count(deals where stage == "won"), stored: true}\n', "")
    app = app_from(without)
    (ada,) = records.create(app.system, "contact", [{"name": "Ada"}])
    (deal,) = records.create(app.system, "deal", [{"name": "Pump"}])
    twice = {"deal": str(deal.id), "contact": str(ada.id)}
    records.create(app.system, "participant", [twice, twice])
    with pytest.raises(PlanRefused) as caught:
        app.publish(PARTICIPANTS)
    assert [refusal.code for refusal in caught.value.refusals] == ["not_unique"]


def test_of_many_lines_those_whose_links_are_refused_are_left_out(app_from, client):
    app = app_from.of_layers([layer_from(PARTICIPANTS)], filled_by=fill)
    (ada,) = (str(row.id) for row in app.sql("SELECT id FROM main.contact WHERE name = 'Ada'"))
    lines = [
        {"name": "Good", "contacts": [{"id": ada, "link": {"role": "buyer"}}]},
        {"name": "Bad", "contacts": [{"id": ada, "link": {"role": "boss"}}]},
        {"name": "Bare"},
    ]
    api = client(app, app.token("Bo", ["admin"]))
    body = "".join(json.dumps(line) + "\n" for line in lines)
    answer = api.post(
        "/data/deal/bulk?partial=true", data=body.encode(), headers={"Content-Type": "application/x-ndjson"}
    )
    found = [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]
    assert [line.get("errors", [{}])[0].get("field") for line in found[:3]] == [
        None,
        "contacts[0].link.role",
        None,
    ], found
    rows = app.sql("SELECT d.name FROM main.participant p JOIN main.deal d ON d.id = p.deal ORDER BY d.name")
    assert [row.name for row in rows] == ["Good", "Pump", "Pump"]
