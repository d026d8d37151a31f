"""Fields that ask more than before: required where records have no value, unique where they share one."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.publication.apply import propose
from fieldstone.publication.refusal import PlanRefused, Refusal
from fieldstone_testing.apps import App, layer_from

APP = """
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: product
title: '"{name} {place}"'
fields:
  name: {type: text, required: true}
  place: {type: text}
  shelf: {type: text}
"""


def fill(app: App) -> None:
    rows = [
        {"name": "Pump", "place": "A"},
        {"name": "Pump"},
        {"name": "Pump", "place": "A"},
        {"name": "Valve"},
    ]
    records.create(app.system, "product", rows)


@pytest.fixture
def shop(app_from) -> App:
    return app_from.of_layers([layer_from(APP)], filled_by=fill)


def refused(app: App, text: str) -> Refusal:
    (found,) = propose(app.database, [layer_from(text)]).plan.refusals
    return found


def with_default(default: str) -> str:
    return APP.replace("place: {type: text}", f"place: {{type: text, required: true, default: {default}}}")


def test_a_required_field_tells_which_records_have_no_value(shop):
    found = refused(shop, APP.replace("place: {type: text}", "place: {type: text, required: true}"))
    assert (found.element, found.code) == ("field product.place", "required")
    assert "2 records have no value" in found.message
    assert "Valve" in found.message


@pytest.mark.parametrize(("default", "place"), [("Z", "Z"), ('"= upper(name)"', "VALVE")])
def test_records_without_a_value_get_the_default_of_what_becomes_required(shop, default, place):
    shop.publish(with_default(default))
    titles = shop.sql("SELECT place, _title, version FROM main.product WHERE name = 'Valve'")
    assert titles == [(place, f"Valve {place}", 1)]
    assert shop.sql("SELECT count(*) FROM main.product WHERE place = 'A'") == [(2,)]


def test_a_new_required_field_is_filled_by_an_expression_over_each_record(shop):
    shop.publish(APP + '  code: {type: text, required: true, default: "= lower(name)"}\n')
    assert shop.sql("SELECT DISTINCT code FROM main.product ORDER BY code") == [("pump",), ("valve",)]


def test_a_default_without_a_value_for_some_record_is_refused_and_nothing_changes(shop):
    with pytest.raises(PlanRefused, match="no value for the record"):
        shop.publish(APP + '  code: {type: text, required: true, default: "= place"}\n')
    assert shop.sql("SELECT version FROM main_system.current") == [(1,)]


def test_a_unique_field_tells_the_values_that_records_share(shop):
    found = refused(
        shop, APP.replace("name: {type: text, required: true}", "name: {type: text, unique: true}")
    )
    assert (found.element, found.code) == ("entity product", "not_unique")
    ids = [str(id_) for (id_,) in shop.sql("SELECT id FROM main.product WHERE name = 'Pump' ORDER BY id")]
    assert f"“Pump” 3 times ({', '.join(ids)})" in found.message
    assert "Valve" not in found.message


def test_fields_that_are_unique_together_are_looked_at_together(shop):
    found = refused(shop, APP.replace("fields:", "unique: [[name, place]]\nfields:"))
    assert "“Pump / A” 2 times" in found.message


def test_what_is_deleted_or_empty_does_not_stop_a_unique_field(shop):
    shop.sql("UPDATE main.product SET deleted_at = now() WHERE place = 'A' AND name = 'Pump'")
    shop.publish(APP.replace("place: {type: text}", "place: {type: text, unique: true}"))
    assert shop.sql("SELECT count(*) FROM main.product") == [(4,)]
