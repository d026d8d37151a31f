"""Fields that get another type: told before, refused where values would be lost, done with what follows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

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
name: product
title: '"{name} {size}"'
indexes: [[size, name]]
fields:
  name: {type: text, required: true}
  size: {type: text, index: true}
  code: {type: text, unique: true}
  pieces: {type: integer, index: true}
  pairs: {type: formula, expression: pieces * 2, stored: true, index: true}
  state: {type: choice, options: [fresh, sold]}
"""
SIZE_IN_NUMBERS = APP.replace("size: {type: text,", "size: {type: integer,")


def fill(app: App) -> None:
    rows = [
        {"name": "Pump", "size": "12", "code": "a1", "pieces": 3, "state": "fresh"},
        {"name": "Valve", "size": "twelve", "code": "b2", "pieces": 4, "state": "sold"},
        {"name": "Bolt"},
    ]
    records.create(app.system, "product", rows)


@pytest.fixture
def shop(app_from) -> App:
    return app_from.of_layers([layer_from(APP)], filled_by=fill)


def by_name(app: App) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in records.list(app.system, "product", records.Query()).data}


def step_of(app: App, text: str, name: str) -> dict[str, Any]:
    plan = propose(app.database, [layer_from(text)]).plan.as_json()
    return next(step for step in plan["steps"] if step["name"] == name)


def test_a_plan_tells_which_values_do_not_convert(shop):
    step = step_of(shop, SIZE_IN_NUMBERS, "product.size")
    valve = by_name(shop)["Valve"]["id"]
    assert (step["rows"], step["lost"], step["destructive"]) == (3, 1, True)
    assert step["examples"] == [{"record": valve, "title": "Valve twelve", "value": "twelve"}]


@pytest.mark.parametrize(
    ("before", "after", "lock"),
    [
        ("pieces: {type: integer", "pieces: {type: decimal", ("ACCESS EXCLUSIVE", "rewrites", 3)),
        ("  pieces", "  more: {type: text}\n  pieces", ("ACCESS EXCLUSIVE", "moment", 3)),
        ("  pieces", "  more: {type: integer, default: 1}\n  pieces", ("ACCESS EXCLUSIVE", "rewrites", 3)),
        ("[[size, name]]", "[[size, name], [name, code]]", ("SHARE", "reads", 3)),
    ],
)
def test_a_plan_tells_the_locks_of_its_steps(shop, before, after, lock):
    steps = propose(shop.database, [layer_from(APP.replace(before, after))]).plan.as_json()["steps"]
    found = [step["lock"] for step in steps if step["sql"]]
    assert {"table": "product"} | dict(zip(("mode", "work", "rows"), lock, strict=True)) in found


def test_nobody_waits_for_a_table_that_is_new(shop):
    assert (
        step_of(shop, APP + "---\nkind: entity\nname: shelf\nfields: {label: {type: text}}\n", "shelf")[
            "lock"
        ]
        is None
    )


def test_values_that_do_not_convert_stop_a_publication_that_may_not_lose_them(shop):
    with pytest.raises(PlanRefused, match="twelve") as caught:
        shop.publish(SIZE_IN_NUMBERS)
    assert [(found.element, found.code) for found in caught.value.refusals] == [
        ("field product.size", "not_convertible")
    ]
    assert by_name(shop)["Pump"]["size"] == "12"


def test_values_that_do_not_convert_become_empty_and_come_back_from_the_archive(shop):
    shop.publish(SIZE_IN_NUMBERS, allow_destructive=True)
    assert {name: row["size"] for name, row in by_name(shop).items()} == {
        "Pump": 12,
        "Valve": None,
        "Bolt": None,
    }
    assert [(one.element, one.rows) for one in archived(shop.database)] == [("product.size", 1)]
    shop.publish(APP)
    outcome = restore(shop.database, shop.model, archived(shop.database)[0].name)
    assert (outcome.rows, outcome.left) == (1, 0)
    assert {name: row["size"] for name, row in by_name(shop).items()} == {
        "Pump": "12",
        "Valve": "twelve",
        "Bolt": None,
    }


def test_the_archive_follows_a_field_that_gets_another_name(shop):
    numbers = SIZE_IN_NUMBERS.replace("  size: {", "  width: {was: size, ").replace("{size}", "{width}")
    shop.publish(numbers.replace("[size, name]", "[width, name]"), allow_destructive=True)
    [kept] = archived(shop.database)
    assert kept.element == "product.width"
    shop.publish(APP.replace("  size: {", "  size: {was: width, "))
    [kept] = archived(shop.database)
    assert kept.element == "product.size"
    assert restore(shop.database, shop.model, kept.name).rows == 1
    assert by_name(shop)["Valve"]["size"] == "twelve"


def test_titles_searches_and_indexes_follow(shop):
    before = {name for (name,) in shop.sql("SELECT indexname FROM pg_indexes WHERE tablename = 'product'")}
    shop.publish(SIZE_IN_NUMBERS, allow_destructive=True)
    titles = {title for (title,) in shop.sql("SELECT _title FROM main.product WHERE name = 'Pump'")}
    assert titles == {"Pump 12"}
    after = {name for (name,) in shop.sql("SELECT indexname FROM pg_indexes WHERE tablename = 'product'")}
    assert before - after == {"ix_product__size__order"}
    assert after < before
    assert propose(shop.database, [layer_from(SIZE_IN_NUMBERS + "  more: {type: text}\n")]).plan.drift == ()


def test_stored_formulas_follow_with_their_type(shop):
    shop.publish(APP.replace("pieces: {type: integer", "pieces: {type: decimal"))
    assert by_name(shop)["Pump"]["pairs"] == "6"
    assert shop.sql("SELECT pieces, pairs FROM main.product WHERE name = 'Pump'") == [
        (Decimal(3), Decimal(6))
    ]


def test_the_past_stays_as_it_was_written(shop):
    pump = UUID(by_name(shop)["Pump"]["id"])
    shop.publish(SIZE_IN_NUMBERS, allow_destructive=True)
    assert records.history(shop.system, "product", pump)[0]["changes"]["size"] == [None, "12"]
    records.update(shop.system, "product", [records.Change(pump, {"size": 13})])
    assert records.history(shop.system, "product", pump)[0]["changes"]["size"] == [12, 13]


def test_a_field_is_renamed_and_converted_at_once(shop):
    text = APP.replace("pieces: {type: integer", "amount: {was: pieces, type: text").replace(
        "pieces * 2", "amount"
    )
    shop.publish(text)
    assert (by_name(shop)["Pump"]["amount"], by_name(shop)["Pump"]["pairs"]) == ("3", "3")


def test_a_shorter_text_is_checked_and_the_table_stays_where_all_fit(shop):
    shorter = APP.replace("name: {type: text,", "name: {type: text, max_length: 4,")
    assert (step_of(shop, shorter, "product.name")["lost"]) == 1
    longer = APP.replace("name: {type: text,", "name: {type: text, max_length: 5,")
    assert step_of(shop, longer, "product.name")["sql"] == []
    with pytest.raises(PlanRefused, match="Valve"):
        shop.publish(shorter)


@pytest.mark.parametrize(
    ("options", "lost"), [("precision: 6, scale: 2", 0), ("precision: 3, scale: 2", 1), ("scale: 1", 2)]
)
def test_decimals_convert_where_no_digit_is_lost(app_from, options, lost):
    text = APP.replace("pieces: {type: integer", "pieces: {type: decimal, precision: 8, scale: 3")
    app = app_from.of_layers([layer_from(text)], filled_by=fill)
    app.sql("UPDATE main.product SET pieces = CASE name WHEN 'Pump' THEN 12.25 ELSE 1.25 END")
    app.sql("UPDATE main.product SET pieces = NULL WHERE name = 'Bolt'")
    other = text.replace("precision: 8, scale: 3", options)
    assert step_of(app, other, "product.pieces")["lost"] == lost


def test_a_choice_becomes_a_list_of_choices_and_back(shop):
    several = APP.replace("state: {type: choice", "state: {type: choices")
    shop.publish(several)
    assert {name: row["state"] for name, row in by_name(shop).items()} == {
        "Pump": ["fresh"],
        "Valve": ["sold"],
        "Bolt": [],
    }
    shop.publish(APP)
    assert {name: row["state"] for name, row in by_name(shop).items()} == {
        "Pump": "fresh",
        "Valve": "sold",
        "Bolt": None,
    }


@pytest.mark.parametrize("other", ["file", "secret", "{type: reference, to: user}", "money", "json"])
def test_types_that_mean_something_else_are_refused_with_those_that_do_not(shop, other):
    declared = other if other.startswith("{") else f"{{type: {other}}}"
    text = APP.replace("code: {type: text, unique: true}", f"code: {declared}")
    found = propose(shop.database, [layer_from(text)]).plan.refusals
    assert ("field product.code", "convert") in {(one.element, one.code) for one in found}
    assert "`long_text`" in next(one.message for one in found if one.code == "convert")


def test_a_new_value_that_is_there_twice_by_then_is_refused(shop):
    shop.sql("UPDATE main.product SET code = CASE name WHEN 'Pump' THEN '1' WHEN 'Valve' THEN '01' END")
    with pytest.raises(PlanRefused, match="code"):
        shop.publish(APP.replace("code: {type: text", "code: {type: integer"))
    assert by_name(shop)["Valve"]["code"] == "01"


def test_the_api_tells_what_does_not_convert_and_does_it_where_allowed(shop, client):
    api = client(shop, shop.token("Ada", ["admin"]))
    api.put("/metadata/draft/files/shop/app.yaml", {"text": SIZE_IN_NUMBERS})
    plan = api.post("/metadata/plan", {}).json
    step = next(step for step in plan["steps"] if step["name"] == "product.size")
    assert [(one["title"], one["value"]) for one in step["examples"]] == [("Valve twelve", "twelve")]
    assert api.post("/metadata/apply", {}).status_code == 409
    assert api.post("/metadata/apply", {"allow_destructive": True}).json["version"] == 2
