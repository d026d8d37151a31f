"""References that may lead to other entities than before."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.publication.apply import propose
from fieldstone.publication.archive import archived, restore
from fieldstone.publication.refusal import PlanRefused
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


def add_person(app: App) -> None:
    (ann,) = records.create(app.system, "person", [{"name": "Ann"}])
    records.create(app.system, "visit", [{"what": "tea", "about": {"id": str(ann.id), "entity": "person"}}])


def led_to(app: App) -> set[str | None]:
    visits = records.list(app.system, "visit", records.Query()).data
    return {None if one["about"] is None else one["about"]["title"] for one in visits}


def test_records_that_lead_where_a_reference_no_longer_may_are_told_and_refused(shop):
    shop.publish(MORE)
    add_person(shop)
    plan = propose(shop.database, [layer_from(APP)]).plan
    step = next(step for step in plan.as_json()["steps"] if step["name"] == "visit.about")
    assert (step["lost"], step["destructive"]) == (1, True)
    assert [(one["title"], one["value"]) for one in step["examples"]] == [("tea", "Ann")]
    assert [(one.element, one.code) for one in plan.destructive] == [("field visit.about", "not_convertible")]
    with pytest.raises(PlanRefused, match="Ann"):
        shop.publish(APP)


def test_records_that_lead_elsewhere_become_empty_and_come_back_from_the_archive(shop):
    shop.publish(MORE)
    add_person(shop)
    shop.publish(APP, allow_destructive=True)
    assert led_to(shop) == {"Acme", None}
    assert propose(shop.database, [layer_from(APP + "  note: {type: text}\n")]).plan.drift == ()
    shop.publish(MORE)
    (kept,) = archived(shop.database)
    assert restore(shop.database, shop.model, kept.name).rows == 1
    assert led_to(shop) == {"Acme", "Ann"}


def test_a_reference_to_another_entity_is_filled_by_an_expression(shop):
    shop.publish(MORE)
    add_person(shop)
    convert = "convert: first(person where name == (record.about as account).name) ?? (about as person)"
    text = APP.replace("to: account, index", f"to: person, {convert}, index")
    records.create(shop.system, "person", [{"name": "Acme"}])
    shop.publish(text)
    visits = records.list(shop.system, "visit", records.Query()).data
    assert {(one["about"]["entity"], one["about"]["title"]) for one in visits} == {
        ("person", "Acme"),
        ("person", "Ann"),
    }


def test_a_reference_to_quite_another_entity_keeps_nothing(shop):
    other = APP.replace("to: account, index", "to: person, index")
    shop.publish(other, allow_destructive=True)
    assert led_to(shop) == {None}
    shop.publish(APP)
    assert restore(shop.database, shop.model, archived(shop.database)[-1].name).rows == 1
    assert led_to(shop) == {"Acme"}


def test_of_several_entities_a_reference_still_leads_to_one_at_a_time(shop):
    shop.publish(MORE)
    shop.publish(MORE.replace("[account, person]", "[account, person, visit]"))
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ck_visit__about_one'"
    assert "about__visit" in shop.sql(definition)[0][0]
    shop.publish(MORE)
    assert "about__visit" not in shop.sql(definition)[0][0]
