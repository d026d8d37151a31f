"""Documents against their schemas: every problem at its key or value, all in one run, with suggestions."""

from __future__ import annotations

import jsonschema
import pytest

from fieldstone_metadata import FIELD_TYPES, schemas

ENTITY = "kind: entity\nname: deal\nfields:\n  name: {type: text}\n"


@pytest.mark.parametrize("kind", list(schemas()))
def test_schemas_are_valid_draft_2020_12(kind):
    jsonschema.Draft202012Validator.check_schema(schemas()[kind])


@pytest.mark.parametrize("kind", list(schemas()))
def test_every_key_of_a_schema_is_described(kind):
    undescribed = [key for key in described_keys(schemas()[kind], schemas()[kind]["$defs"]) if key]
    assert undescribed == []


def described_keys(schema, definitions):
    for key, value in schema.get("properties", {}).items():
        described = {**definitions.get(value.get("$ref", "").removeprefix("#/$defs/"), {}), **value}
        yield None if described.get("description") else key
        yield from described_keys(value, definitions)


NAMED_FIELD_TYPES = """
    text long_text rich_text markdown code integer decimal money percent boolean date datetime time
    duration choice choices reference references sequence formula email phone url color rating address
    location person_name currency country language timezone user file files image tags json secret barcode
    signature
"""


def test_all_field_types_of_the_design_are_known():
    assert set(FIELD_TYPES) == set(NAMED_FIELD_TYPES.split())


NEEDED = {
    "choice": "options: [a]",
    "choices": "options: [a]",
    "reference": "to: deal",
    "references": "to: deal",
    "formula": "expression: name",
}


@pytest.mark.parametrize("field_type", [name for name, declared in FIELD_TYPES.items() if declared.supported])
def test_a_supported_type_is_declared_in_one_line(field_type, application):
    extra = NEEDED.get(field_type, "help: x")
    field = application(f"{ENTITY}  x: {{type: {field_type}, {extra}}}\n").entities["deal"].fields["x"]
    assert field.type == field_type


@pytest.mark.parametrize(
    "field_type", [name for name, declared in FIELD_TYPES.items() if not declared.supported]
)
def test_an_unsupported_type_is_refused_not_ignored(field_type, only_problem):
    problem = only_problem(f"{ENTITY}  x: {{type: {field_type}}}\n")
    assert (problem.line, problem.column, problem.code) == (5, 13, "not_supported_yet")
    assert field_type in problem.message


@pytest.mark.parametrize(
    ("line", "code", "column", "hint"),
    [
        ("tittle: name", "unknown_key", 1, "did you mean `title`?"),
        ("label: 2024", "wrong_type", 8, 'if a text is meant, quote it: "2024"'),
        ("icon: Big Icon", "wrong_type", 7, None),
        ("owner: maybe", "wrong_type", 8, None),
        (
            "title: [name]",
            "wrong_type",
            8,
            "a text or expression that begins with a bracket is quoted: '[name]'",
        ),
        ("order: name", "wrong_type", 8, None),
        ("order: [name desc]", "wrong_type", 9, None),
        ("unique: [[]]", "wrong_size", 10, None),
        ("unique: [[name, name]]", "repeated_value", 10, None),
        ("label: {EN: Deal}", "bad_name", 9, "a locale, such as `en` or `pt-BR`"),
        ("label: ''", "wrong_size", 8, None),
        ("was: Old Deal", "wrong_type", 6, None),
    ],
)
def test_a_wrong_key_or_value_is_shown_at_its_place(line, code, column, hint, only_problem):
    problem = only_problem(f"{ENTITY}{line}\n")
    assert (problem.line, problem.column, problem.code) == (5, column, code)
    assert hint is None or problem.hint == hint


@pytest.mark.parametrize(
    ("field", "code", "column", "hint"),
    [
        ("{type: txt}", "unknown_value", 13, "did you mean `text`?"),
        (
            "{type: integer, max_length: 3}",
            "unknown_key",
            22,
            "only text, long_text, rich_text, markdown, code, url know it",
        ),
        ("{type: formula, expression: name, required: true}", "unknown_key", 40, None),
        ("{type: text, requird: true}", "unknown_key", 19, "did you mean `required`?"),
        ("{type: text, max_length: x}", "wrong_type", 31, None),
        ("{type: text, max_length: 0}", "wrong_size", 31, None),
        ("{label: X}", "key_missing", 3, None),
        ("text", "wrong_type", 6, None),
        ("{type: reference}", "key_missing", 3, None),
        ("{type: choice, options: [a, 1]}", "wrong_type", 34, 'if a text is meant, quote it: "1"'),
        ("{type: choice, options: [a, {label: A}]}", "key_missing", 34, None),
        ("{type: choice, options: [{value: a, color: mauve}]}", "unknown_value", 49, None),
        ("{type: sequence, format: no number}", "wrong_type", 31, None),
    ],
)
def test_a_wrong_field_is_shown_at_its_place(field, code, column, hint, only_problem):
    problem = only_problem(f"{ENTITY}  x: {field}\n")
    assert (problem.line, problem.column, problem.code) == (5, column, code)
    assert hint is None or problem.hint == hint


@pytest.mark.parametrize(
    "name", ["id", "version", "owner", "team", "currency", "created_at", "deleted_at", "xmin", "tableoid"]
)
def test_fields_cannot_have_the_names_of_system_columns(name, only_problem):
    problem = only_problem(f"{ENTITY}  {name}: {{type: text}}\n")
    assert (problem.line, problem.column, problem.code) == (5, 3, "reserved_name")


@pytest.mark.parametrize(
    "name", ["if", "not", "true", "false", "null", "record", "old", "user", "settings", "entity"]
)
def test_fields_cannot_have_the_names_of_reserved_words(name, only_problem):
    assert only_problem(f"{ENTITY}  '{name}': {{type: text}}\n").code == "reserved_name"


@pytest.mark.parametrize("name", ["message", "order", "at", "target", "where", "status", "from"])
def test_contextual_keywords_may_name_fields(name, application):
    assert name in application(f"{ENTITY}  {name}: {{type: text}}\n").entities["deal"].fields


@pytest.mark.parametrize("name", ["Name", "1st", "a__b", "a-b", "é", "x" * 49, "_a"])
def test_fields_need_names_that_are_names(name, only_problem):
    assert only_problem(f"{ENTITY}  {name}: {{type: text}}\n").code == "bad_name"


def test_everything_wrong_is_told_in_one_run(problems):
    text = """
kind: entity
name: deal
tittle: x
fields:
  name: {type: text, max_length: x}
  stage: {type: txt}
  amount: {type: money, requird: true}
order: [amont]
---
kind: view
name: open
entity: daal
columns: [name]
---
kind: viw
name: x
"""
    assert problems(text) == [
        "4:1 unknown_key",
        "6:34 wrong_type",
        "7:17 unknown_value",
        "8:25 unknown_key",
        "9:9 unknown_field",
        "13:9 unknown_entity",
        "16:7 unknown_kind",
    ]


def test_one_mistake_is_told_once(problems):
    text = """
kind: entity
name: deal
fields:
  name: {type: text, visible: kind == "a"}
  kind: {type: chioce, options: [a]}
order: [kind]
indexes: [[kind]]
---
kind: view
name: deals
entity: deal
columns: [name, kind]
where: kind == "a"
"""
    assert problems(text) == ["6:16 unknown_value"]


def test_a_document_that_cannot_be_read_is_not_missed_by_others(problems):
    text = """
kind: entity
name: deal
fields:
  name: {type: text, visible: a in ["x", "y"]}
---
kind: menu
name: sales
items: [{entity: deal}]
"""
    assert problems(text) == ["5:36 yaml_syntax"]
