"""References that may lead to more entities than before."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.publication.apply import propose
from fieldstone_testing.apps import App, layer_from

APP = """
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: account
fields: {name: {type: text}}
---
kind: entity
name: person
fields: {name: {type: text}}
---
kind: entity
name: visit
fields:
  what: {type: text}
  about: {type: reference, to: account, index: true}
"""
MORE = APP.replace("to: account", "to: [account, person]")


def fill(app: App) -> None:
    (acme,) = records.create(app.system, "account", [{"name": "Acme"}])
    records.create(app.system, "visit", [{"about": {"id": str(acme.id), "entity": "account"}}])


@pytest.fixture
def shop(app_from) -> App:
    return app_from.of_layers([layer_from(APP)], filled_by=fill)


def test_a_reference_that_may_lead_to_more_entities_keeps_where_it_leads(shop):
    shop.publish(MORE)
    (visit,) = records.list(shop.system, "visit", records.Query()).data
    assert (visit["about"]["entity"], visit["about"]["title"]) == ("account", "Acme")
    (ann,) = records.create(shop.system, "person", [{"name": "Ann"}])
    made = {"about": {"id": str(ann.id), "entity": "person"}}
    records.create(shop.system, "visit", [made])
    titles = {one["about"]["title"] for one in records.list(shop.system, "visit", records.Query()).data}
    assert titles == {"Acme", "Ann"}
    assert propose(shop.database, [layer_from(MORE + "  note: {type: text}\n")]).plan.drift == ()


def test_a_reference_that_would_lead_to_fewer_entities_is_refused(shop):
    shop.publish(MORE)
    found = propose(shop.database, [layer_from(APP)]).plan.refusals
    assert ("field visit.about", "retarget") in {(one.element, one.code) for one in found}
