"""`convert`: fields that get another type with values that an expression makes of the old records."""

from __future__ import annotations

from typing import Any

import pytest

from fieldstone import records
from fieldstone.cli.main import commands, exit_status
from fieldstone.errors import Conflict
from fieldstone.publication.apply import NotAccepted, propose
from fieldstone.publication.archive import archived, restore
from fieldstone.publication.arrangements import propose_version
from fieldstone.publication.refusal import PlanRefused
from fieldstone_testing.apps import App, layer_from

APP = """
kind: app
name: shop
version: 1.0.0
---
kind: entity
name: maker
fields: {name: {type: text}}
---
kind: entity
name: product
title: '"{name} {size}"'
fields:
  name: {type: text, required: true}
  size: {type: text, index: true}
  made_by: {type: text}
  pieces: {type: integer}
  state: {type: choice, options: [fresh, old, sold]}
  pairs: {type: formula, expression: pieces * 2}
"""


def fill(app: App) -> None:
    records.create(app.system, "maker", [{"name": "Acme"}, {"name": "Bolt & Co"}])
    rows = [
        {"name": "Pump", "size": "12 cm", "made_by": "Acme", "pieces": 3, "state": "fresh"},
        {"name": "Valve", "size": "large", "made_by": "Nobody", "pieces": 40, "state": "old"},
        {"name": "Bolt"},
    ]
    records.create(app.system, "product", rows)


@pytest.fixture
def shop(app_from) -> App:
    return app_from.of_layers([layer_from(APP)], filled_by=fill)


def with_field(name: str, declared: str, text: str = APP) -> str:
    """The app with another declaration of a field of the product."""
    lines = [f"  {name}: {declared}" if line.startswith(f"  {name}: ") else line for line in text.split("\n")]
    return "\n".join(lines)


def values(app: App, field: str) -> dict[str, Any]:
    return {one["name"]: one[field] for one in records.list(app.system, "product", records.Query()).data}


def step_of(app: App, text: str, name: str) -> dict[str, Any]:
    plan = propose(app.database, [layer_from(text)]).plan.as_json()
    return next(step for step in plan["steps"] if step["name"] == name)


SIZE = """{type: integer, convert: 'if size == "large" then 50 else len(size) + pieces'}"""


def test_an_expression_says_what_becomes_of_the_values(shop):
    shop.publish(with_field("size", SIZE))
    assert values(shop, "size") == {"Pump": 8, "Valve": 50, "Bolt": None}
    assert propose(shop.database, [layer_from(with_field("size", SIZE))]).plan.drift == ()


def test_a_plan_shows_what_an_expression_makes_of_records(shop):
    step = step_of(shop, with_field("size", SIZE), "product.size")
    told = [(one["title"], one["value"], one["after"]) for one in step["preview"]]
    assert told == [("Pump 12 cm", "12 cm", "8"), ("Valve large", "large", "50")]
    assert (step["lost"], step["destructive"]) == (0, False)


BY_DATABASE = "if size == null then null else ({})"
IN_PYTHON = "if matches(size, '^') then ({}) else null"
"""Only Python matches patterns, so the same expression is computed there."""

EXPRESSIONS = {
    ("integer", "len(size)"): [5, 5],
    ("decimal, scale: 1", "round(pieces / 7, 1)"): ["0.4", "5.7"],
    ("decimal, scale: 1", "pieces / 7"): ["0.4", "5.7"],
    ("percent", "pieces * 10"): ["30", "400"],
    ("boolean", 'size == "large"'): [False, True],
    ("date", 'date("2026-01-01") + duration(pieces, "days")'): ["2026-01-04", "2026-02-10"],
    ("choice, options: [s, l]", 'if size == "large" then "l" else "s"'): ["s", "l"],
    ("choices, options: [s, l]", 'if size == "large" then ["l", "s"] else ["s"]'): [["s"], ["l", "s"]],
    ("text, max_length: 3", "left(size, 3)"): ["12 ", "lar"],
    ("long_text", "size"): ["12 cm", "large"],
    ("text, max_length: 4", "left(size, pieces + 2)"): [None, None],
    ("markdown", "left(size, pieces - 3)"): [None, "large"],
    ("email", '"{lower(name)}@example.com"'): ["pump@example.com", "valve@example.com"],
    ("email", "name"): [None, None],
    ("integer", 'replace(size, " cm", "")'): [12, None],
    ("integer", "pieces * 5000000000000000000"): [None, None],
    ("rating", "pieces"): [3, None],
    ("duration", 'duration(pieces, "days")'): ["P3D", "P40D"],
    ("tags", "[size, name]"): [["12 cm", "Pump"], ["large", "Valve"]],
}


@pytest.fixture
def many(app_from) -> App:
    """A product with one text for each of those expressions."""
    more = "".join(f"  t{place}: {{type: text}}\n" for place in range(len(EXPRESSIONS)))
    texts = {f"t{place}": "filled" for place in range(len(EXPRESSIONS))}

    def filled(app: App) -> None:
        rows = [
            {"name": "Pump", "size": "12 cm", "pieces": 3},
            {"name": "Valve", "size": "large", "pieces": 40},
        ]
        records.create(app.system, "product", [row | texts for row in rows])

    return app_from.of_layers([layer_from(APP + more)], filled_by=filled)


@pytest.mark.parametrize("computed", [BY_DATABASE, IN_PYTHON])
def test_the_database_and_python_give_the_same_values(many, computed):
    wanted = [(kind, computed.format(expression).replace("'", "''")) for kind, expression in EXPRESSIONS]
    declared = [
        f"  t{place}: {{type: {kind}, convert: '{convert}'}}\n"
        for place, (kind, convert) in enumerate(wanted)
    ]
    text = APP + "".join(declared)
    steps = {
        step["name"]: step for step in propose(many.database, [layer_from(text)]).plan.as_json()["steps"]
    }
    many.publish(text, allow_destructive=True)
    found = {expression: values(many, f"t{place}") for place, expression in enumerate(EXPRESSIONS)}
    assert {key: [of["Pump"], of["Valve"]] for key, of in found.items()} == EXPRESSIONS
    lost = [steps[f"product.t{place}"]["lost"] for place in range(len(EXPRESSIONS))]
    assert lost == [wanted.count(None) for wanted in EXPRESSIONS.values()]


def test_what_an_expression_reads_may_go_or_be_renamed_in_the_same_publication(shop):
    text = with_field("size", "{type: reference, to: maker}").replace("  size:", "  maker:")
    text = text.replace(
        "to: maker}", "to: maker, was: size, convert: first(maker where name == record.made_by)}"
    )
    text = text.replace("  made_by: {type: text}\n", "").replace("{name} {size}", "{name}")
    found = propose(shop.database, [layer_from(text)])
    assert [one.element for one in found.plan.destructive] == ["field product.maker", "field product.made_by"]
    shop.publish(text, allow_destructive=True)
    assert {name: (one or {}).get("title") for name, one in values(shop, "maker").items()} == {
        "Pump": "Acme",
        "Valve": None,
        "Bolt": None,
    }


def test_old_values_wait_in_the_archive(shop):
    shop.publish(with_field("size", SIZE))
    (kept,) = archived(shop.database)
    assert (kept.element, kept.rows) == ("product.size", 2)
    shop.publish(APP)
    shop.sql("UPDATE main.product SET size = NULL")
    assert restore(shop.database, shop.model, kept.name).rows == 2
    assert values(shop, "size") == {"Pump": "12 cm", "Valve": "large", "Bolt": None}


def test_an_expression_is_obeyed_once(shop):
    text = with_field("size", SIZE)
    shop.publish(text)
    shop.publish(text + "  more: {type: text}\n")
    assert values(shop, "size") == {"Pump": 8, "Valve": 50, "Bolt": None}
    other = text.replace("len(size)", "len(name)")
    assert step_of(shop, other, "product.size")["sql"] == []
    going_back = propose_version(shop.database, 1)
    assert "product.size" in {step.name for step in going_back.plan.steps if step.action == "change"}
    assert going_back.refusals == ()


def test_a_fresh_installation_takes_documents_with_expressions(app_from):
    assert values(app_from.of_layers([layer_from(with_field("size", SIZE))]), "size") == {}


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("{type: integer, convert: len(siz)}", r"app.yaml:15:38: .*`siz`.* \(did you mean `size`\?\)"),
        ("{type: integer, convert: size == name}", "app.yaml:15:34: A integer is expected here"),
        ("{type: integer, convert: len(user.name)}", "app.yaml:15:38: `user`"),
        ("{type: choice, options: [s], convert: '\"l\"'}", "app.yaml:15:.*`l`"),
        ("{type: reference, to: maker, convert: first(product)}", "app.yaml:15:47: A reference to `maker`"),
    ],
)
def test_an_expression_that_makes_no_sense_is_refused_with_its_place(shop, declared, message):
    with pytest.raises(PlanRefused, match=message) as caught:
        shop.publish(with_field("size", declared))
    assert ("field product.size", "bad_conversion") in {
        (one.element, one.code) for one in caught.value.refusals
    }


def test_an_expression_that_cannot_be_read_is_found_by_the_check(shop):
    with pytest.raises(NotAccepted, match=r"app.yaml:15:34: "):
        propose(shop.database, [layer_from(with_field("size", "{type: integer, convert: len(}"))])


def test_values_that_an_expression_gives_up_are_told_and_need_leave(shop):
    text = with_field("size", """{type: integer, convert: 'if size == "large" then 9 else null'}""")
    with pytest.raises(PlanRefused, match=r"1 of its values do not convert: “12 cm” \(Pump 12 cm\)"):
        shop.publish(text)
    shop.publish(text, allow_destructive=True)
    assert values(shop, "size") == {"Pump": None, "Valve": 9, "Bolt": None}


def test_a_required_field_needs_a_value_for_each_record(shop):
    text = with_field("size", "{type: integer, required: true, convert: len(size)}")
    with pytest.raises(PlanRefused, match="gives 1 records no value"):
        shop.publish(text)
    shop.publish(text.replace("len(size)", "len(size) ?? 0"))
    assert values(shop, "size") == {"Pump": 5, "Valve": 5, "Bolt": 0}


def test_options_that_go_are_mapped_by_an_expression(shop):
    declared = (
        """{type: choice, options: [open, sold], convert: 'if state == "sold" then state else "open"'}"""
    )
    shop.publish(with_field("state", declared))
    assert values(shop, "state") == {"Pump": "open", "Valve": "open", "Bolt": "open"}


def test_a_formula_becomes_a_field_with_the_values_it_gave(shop):
    shop.publish(with_field("pairs", "{type: integer, convert: pairs}"))
    assert values(shop, "pairs") == {"Pump": 6, "Valve": 80, "Bolt": None}


def test_titles_uniqueness_and_searches_follow_the_new_values(shop):
    text = with_field("size", "{type: integer, unique: true, convert: pieces}")
    shop.publish(text)
    assert {title for (title,) in shop.sql("SELECT _title FROM main.product")} == {
        "Pump 3",
        "Valve 40",
        "Bolt ",
    }
    with pytest.raises(Conflict, match="the same Size"):
        records.create(shop.system, "product", [{"name": "Nut", "size": 3}])


def test_the_command_line_shows_before_and_after(shop, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", shop.database.url.render_as_string(hide_password=False))
    (tmp_path / "app.yaml").write_text(with_field("size", SIZE))
    planning = ["plan", str(tmp_path)]
    assert exit_status(lambda: commands.main(args=planning, standalone_mode=False)) == 0
    assert "“large” → “50” (Valve large)" in capsys.readouterr().out
