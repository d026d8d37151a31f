"""Every field type through its whole life: written, read, filtered, sorted and imported.

A type without an example in `fieldstone_testing.field_examples` fails here.
"""

from __future__ import annotations

from typing import Any

import pytest

from fieldstone import records
from fieldstone.fields import FIELD_TYPES, ISO, Operand, Operator, ValueRefused
from fieldstone.model import Field
from fieldstone.records import Query
from fieldstone_metadata import FIELD_TYPES as DECLARED_TYPES
from fieldstone_testing import App, AppFactory
from fieldstone_testing.field_examples import EXAMPLES

HEADER = """
kind: app
name: things
label: Things
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: place
fields:
  name: {type: text, required: true}
---
kind: role
name: keeper
inherits: [employee]
entities:
  place: {create: true, read: true}
  thing: {create: true, read: true, update: true, delete: true}
---
kind: entity
name: thing
fields:
  label: {type: text}
"""


COMPUTED = {"formula", "sequence"}
NOT_COMPARED = {"rich_text", "address", "location", "person_name", "json", "choices", "tags", "secret"}
FILES = {"file", "files", "image", "signature"}
LINKED = {"reference", "references", "user", *FILES}


def published(app_from: AppFactory) -> App:
    """An app with one field of each plain type, called like its type."""
    lines = [f"  a_{name}: {{type: {name}, {example.keys}}}\n" for name, example in EXAMPLES.items()]
    links = "  a_reference: {type: reference, to: place}\n  a_references: {type: references, to: place}\n"
    rest = "  a_user: {type: user}\n  a_sequence: {type: sequence, format: 'T-{number:03}'}\n"
    formulas = """\
  a_formula: {type: formula, expression: a_integer * 2}
  kept_formula: {type: formula, expression: a_integer + 1, stored: true}
  money_formula: {type: formula, expression: a_money / 3}
  text_formula: {type: formula, expression: upper(a_text)}
  day_formula: {type: formula, expression: a_date + 1 day}
  place_formula: {type: formula, expression: a_reference}
"""
    files = "".join(f"  a_{name}: {{type: {name}}}\n" for name in sorted(FILES))
    return app_from(HEADER + "".join(lines) + links + rest + files + formulas)


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return published(module_app_from)


def field_of(app: App, name: str) -> Field:
    return app.model.entities["thing"].fields[f"a_{name}"]


def test_the_platform_has_exactly_the_types_that_documents_may_use() -> None:
    assert set(FIELD_TYPES) == {name for name, declared in DECLARED_TYPES.items() if declared.supported}


def test_every_supported_type_has_an_example() -> None:
    assert set(EXAMPLES) | COMPUTED | LINKED == set(FIELD_TYPES)


@pytest.mark.parametrize("name", sorted(FIELD_TYPES))
def test_a_type_tells_people_what_it_is(name: str) -> None:
    assert FIELD_TYPES[name].name == name
    assert FIELD_TYPES[name].help.endswith(".")
    assert FIELD_TYPES[name].widget


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_value_is_shown_in_the_form_of_the_api(app: App, name: str) -> None:
    sent = [{f"a_{name}": value} for value, _ in EXAMPLES[name].sent]
    written = records.create(app.system, "thing", sent)
    shown = [records.get(app.system, "thing", one.id)[f"a_{name}"] for one in written]
    assert shown == [value for _, value in EXAMPLES[name].sent]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_python_and_the_database_write_the_same_form(app: App, name: str) -> None:
    field_type = field_of(app, name).type
    written = records.create(app.system, "thing", [{f"a_{name}": value} for value, _ in EXAMPLES[name].sent])
    ids = [str(one.id) for one in written]
    with app.database.read() as connection:
        table = app.model.entities["thing"].table
        rows = (
            connection.execute(table.select().where(table.c.id.in_(ids)).order_by(table.c.id))
            .mappings()
            .all()
        )
    in_python = [field_type.api_form(field_type.from_row(row)) for row in rows]
    page = records.list(app.system, "thing", Query(order=("id",), limit=1000, fields=(f"a_{name}",)))
    assert in_python == [record[f"a_{name}"] for record in page.data if record["id"] in ids]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_row_keeps_the_value(app: App, name: str) -> None:
    field_type = field_of(app, name).type
    values = [field_type.read(value) for value, _ in EXAMPLES[name].sent]
    assert [field_type.from_row(field_type.to_row(value)) for value in values] == values


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if example.refused])
def test_a_wrong_value_is_refused_with_a_code(app: App, name: str) -> None:
    for value, code in EXAMPLES[name].refused:
        with pytest.raises(ValueRefused) as refused:
            field_of(app, name).type.read(value)
        assert refused.value.code == code
        assert refused.value.message.endswith(".")


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_cell_of_a_file_becomes_a_value(app: App, name: str) -> None:
    field_type, example = field_of(app, name).type, EXAMPLES[name]
    values = [field_type.parse_text(text, example.form) for text, _ in example.cells]
    assert [field_type.api_form(value) for value in values] == [shown for _, shown in example.cells]


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - NOT_COMPARED))
def test_the_operator_is_finds_the_value_it_is_given(app: App, name: str) -> None:
    field_type = field_of(app, name).type
    value, shown = EXAMPLES[name].sent[0]
    [written] = records.create(app.system, "thing", [{f"a_{name}": value}])
    literal = field_type.literal(field_type.read(value))
    page = records.list(app.system, "thing", Query(where=f"a_{name} == {literal}", limit=1000))
    assert str(written.id) in {record["id"] for record in page.data}
    assert {record[f"a_{name}"] for record in page.data} == {shown}


NUMBER_OF_VALUES = {Operand.NONE: 0, Operand.ONE: 1, Operand.TWO: 2, Operand.MANY: 1}


@pytest.mark.parametrize("name", sorted(FIELD_TYPES))
def test_every_operator_is_an_expression_that_filters(app: App, name: str) -> None:
    whole = counted(app, None)
    for operator in field_of(app, name).type.operators():
        values = [literal_of(app, name, operator) for _ in range(NUMBER_OF_VALUES[operator.operand])]
        where = operator.expression(f"a_{name}", *values)
        assert counted(app, where) + counted(app, f"not ({where})") <= whole, where


def counted(app: App, where: str | None) -> int:
    """How many things a condition finds."""
    [group] = records.aggregate(app.system, "thing", Query(where=where))
    return int(group.measures["count"])


def literal_of(app: App, name: str, operator: Operator) -> str:
    """Some value of the type as a literal."""
    field_type = field_of(app, name).type
    samples: dict[str, Any] = {n: e.asked or e.sent[0][0] for n, e in EXAMPLES.items()}
    linked = {"id": "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11"}
    others = {"reference": linked, "user": linked, "formula": 4, "sequence": "T-001"}
    others |= dict.fromkeys(FILES, linked)
    return field_type.filter_literal((samples | others)[name], operator)


WITHOUT_ORDER = {
    "json", "choices", "tags", "references", "long_text", "markdown", "code", "rich_text", "location",
    "secret", "files",
}  # fmt: skip
SORTED = set(FIELD_TYPES) - WITHOUT_ORDER


@pytest.mark.parametrize("name", sorted(SORTED))
def test_a_list_sorts_by_the_type_with_empty_ones_last(app: App, name: str) -> None:
    records.create(app.system, "thing", [{"label": "empty"}])
    up = records.list(
        app.system, "thing", Query(order=(f"a_{name}",), limit=1000, fields=(f"a_{name}",))
    ).data
    down = records.list(
        app.system, "thing", Query(order=(f"-a_{name}",), limit=1000, fields=(f"a_{name}",))
    ).data
    filled = [record[f"a_{name}"] for record in up if record[f"a_{name}"] is not None]
    assert [record[f"a_{name}"] for record in up[: len(filled)]] == filled
    assert [record[f"a_{name}"] for record in down if record[f"a_{name}"] is not None] == filled[::-1]
    assert [record[f"a_{name}"] for record in down[: len(filled)]] == filled[::-1]


def test_choices_sort_in_the_order_in_which_they_were_declared(app: App) -> None:
    written = records.create(app.system, "thing", [{"a_choice": name} for name in ("two", "zero", "one")])
    ids = {str(one.id) for one in written}
    page = records.list(app.system, "thing", Query(order=("a_choice",), limit=1000, fields=("a_choice",)))
    assert [r["a_choice"] for r in page.data if r["id"] in ids] == ["zero", "one", "two"]


def test_upper_and_lower_case_sort_together(app: App) -> None:
    written = records.create(
        app.system, "thing", [{"label": name} for name in ("Beta", "alpha", "ÄRA", "ärA", "Alpine")]
    )
    ids = {str(one.id) for one in written}
    page = records.list(app.system, "thing", Query(order=("label",), limit=1000, fields=("label",)))
    shown = [r["label"] for r in page.data if r["id"] in ids]
    assert shown[:3] == ["alpha", "Alpine", "Beta"]
    assert set(shown[3:]) == {"ÄRA", "ärA"}


def test_references_are_shown_with_their_titles(app: App) -> None:
    one, two = records.create(app.system, "place", [{"name": "Here"}, {"name": "Elsewhere"}])
    sent = {"a_reference": str(one.id), "a_references": [str(one.id), {"id": str(two.id), "entity": "place"}]}
    [written] = records.create(app.system, "thing", [sent])
    shown = records.get(app.system, "thing", written.id)
    here = {"id": str(one.id), "entity": "place", "title": "Here"}
    assert shown["a_reference"] == here
    assert shown["place_formula"] == here
    assert shown["a_references"] == [{"id": str(two.id), "entity": "place", "title": "Elsewhere"}, here]


def test_formulas_are_shown_as_their_kind_is(app: App) -> None:
    sent = {"a_integer": 4, "a_money": "10", "a_text": "straße", "a_date": "2024-02-28"}
    [written] = records.create(app.system, "thing", [sent])
    shown = records.get(app.system, "thing", written.id)
    assert shown["a_formula"] == 8
    assert shown["kept_formula"] == 5
    assert shown["money_formula"] == "3.333333333333"
    assert shown["text_formula"] == "STRASSE"
    assert shown["day_formula"] == "2024-02-29"


def test_a_reference_takes_only_records_of_its_target(app: App) -> None:
    reference = field_of(app, "reference").type
    with pytest.raises(ValueRefused) as wrong:
        reference.read({"id": "0198c2f4-7a1e-7c3b-9d52-6f1f3c0e8a11", "entity": "user"})
    with pytest.raises(ValueRefused) as broken:
        reference.read("0198c2f4")
    assert (wrong.value.code, broken.value.code) == ("wrong_entity", "not_a_reference")


def test_computed_fields_cannot_be_sent_or_imported(app: App) -> None:
    assert not any(field_of(app, name).writable for name in COMPUTED)
    with pytest.raises(ValueRefused):
        field_of(app, "formula").type.parse_text("4", ISO)
