"""Every field type through its whole life: written, read, filtered, sorted and imported.

A type without an example here fails `test_every_supported_type_has_an_example`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from fieldstone import records
from fieldstone.fields import FIELD_TYPES, ISO, ImportFormat, Operand, Operator, ValueRefused
from fieldstone.model import Field
from fieldstone.records import Query
from fieldstone_metadata import FIELD_TYPES as DECLARED_TYPES
from fieldstone_testing import App, AppFactory

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


@dataclass(frozen=True)
class Example:
    """A field of one type: what is sent and shown, what is refused, and how a file writes it.

    sent: values in the API's form, each with what is shown. refused: value → code.
    cells: text → what is shown. asked: what its filters compare with, if not the first value.
    """

    keys: str
    sent: tuple[tuple[Any, Any], ...]
    refused: tuple[tuple[Any, str], ...] = ()
    cells: tuple[tuple[str, Any], ...] = ()
    form: ImportFormat = field(default=ISO)
    asked: Any = None


def same(*values: Any) -> tuple[tuple[Any, Any], ...]:
    """Values that are shown as they were sent."""
    return tuple((value, value) for value in values)


LINE = same("Ænima", "zebra", 'O\'Hara "&" <b>%_\\{x}', "日本")
EXAMPLES: Mapping[str, Example] = {
    "text": Example(
        "max_length: 40",
        (*LINE, ("", None)),
        (("x" * 41, "too_long"), (5, "not_a_text"), ("a\x00b", "bad_characters"), ("a\nb", "line_break")),
        (("Pump", "Pump"), ("", None)),
    ),
    "long_text": Example("", same("one\ntwo", "{}"), ((["x"], "not_a_text"),), (("a", "a"),)),
    "rich_text": Example(
        "max_length: 200",
        (
            ("<p>Call <b>Ann</b> &amp; Bob</p>", "<p>Call <b>Ann</b> &amp; Bob</p>"),
            ("<script>alert(1)</script><p onclick='x()'>Hi</p>", "<p>Hi</p>"),
            (
                '<a href="javascript:alert(1)" style="x">a</a><a href="https://x.org">b</a>',
                '<a rel="noopener noreferrer">a</a><a href="https://x.org" rel="noopener noreferrer">b</a>',
            ),
            ("1 < 2", "1 &lt; 2"),
            ("<p><br></p>", None),
        ),
        ((["x"], "not_a_text"), ("a\x00b", "bad_characters"), ("x" * 201, "too_long")),
        (("<p>a</p>", "<p>a</p>"), ("1 < 2\n3\n\n4", "<p>1 &lt; 2<br>3</p><p>4</p>"), ("", None)),
        asked="call ann",
    ),
    "address": Example(
        "",
        (
            (
                {"street": "Øst 1\n2. th", "postal_code": "2100", "city": " København ", "country": "dk"},
                {
                    "street": "Øst 1\n2. th",
                    "city": "København",
                    "region": None,
                    "postal_code": "2100",
                    "country": "DK",
                },
            ),
            (
                {"city": 'O\'Hara "&" \\{x}'},
                dict.fromkeys(("street", "region", "postal_code", "country")) | {"city": 'O\'Hara "&" \\{x}'},
            ),
            ({}, None),
            ({"city": "", "street": None}, None),
        ),
        (
            ("Østergade 1", "not_an_object"),
            (["Østergade 1"], "not_an_object"),
            ({"town": "Aarhus"}, "unknown_part"),
            ({"country": "Denmark"}, "not_a_country"),
            ({"city": 8000}, "not_a_text"),
            ({"city": "x" * 121}, "too_long"),
            ({"street": "a\x00"}, "bad_characters"),
        ),
        (
            (
                '{"city": "Aarhus"}',
                dict.fromkeys(("street", "region", "postal_code", "country")) | {"city": "Aarhus"},
            ),
            ("", None),
        ),
        asked="KØBENHAVN",
    ),
    "location": Example(
        "",
        (
            ({"latitude": "55.676098", "longitude": 12.5}, {"latitude": "55.676098", "longitude": "12.5"}),
            ({"latitude": "-90", "longitude": "180.00"}, {"latitude": "-90", "longitude": "180"}),
            ({"latitude": "0.00000004", "longitude": "1e-400"}, {"latitude": "0", "longitude": "0"}),
        ),
        (
            ({"latitude": "90.1", "longitude": "0"}, "out_of_range"),
            ({"latitude": "0", "longitude": "-180.1"}, "out_of_range"),
            ({"latitude": "1e400", "longitude": "0"}, "out_of_range"),
            ({"latitude": "5"}, "incomplete"),
            ({"latitude": True, "longitude": "0"}, "not_a_number"),
            ("55, 12", "not_an_object"),
        ),
        (("55.6761, 12.5683", {"latitude": "55.6761", "longitude": "12.5683"}), ("", None)),
        asked="12.5",
    ),
    "person_name": Example(
        "",
        (
            (
                {"title": "Dr.", "given": "Ann", "family": "Berg"},
                {"title": "Dr.", "given": "Ann", "middle": None, "family": "Berg", "suffix": None},
            ),
            (
                {"family": "  van  der Æ "},
                dict.fromkeys(("title", "given", "middle", "suffix")) | {"family": "van der Æ"},
            ),
        ),
        (
            ("Ann Berg", "not_an_object"),
            ({"first": "Ann"}, "unknown_part"),
            ({"given": ["Ann"]}, "not_a_text"),
            ({"title": "x" * 41}, "too_long"),
        ),
        (
            (
                "Anna Maria Berg",
                {"title": None, "given": "Anna Maria", "middle": None, "family": "Berg", "suffix": None},
            ),
            (
                "van Berg, Anna",
                {"title": None, "given": "Anna", "middle": None, "family": "van Berg", "suffix": None},
            ),
        ),
        asked="berg",
    ),
    "markdown": Example("", same("# Title\n\n*b*"), ((1, "not_a_text"),), (("*a*", "*a*"),)),
    "code": Example("", same("if x:\n\tpass"), (({}, "not_a_text"),), (("x = 1", "x = 1"),)),
    "integer": Example(
        "min: -5",
        ((7, 7), ("12", 12), (9223372036854775807, 9223372036854775807), (-5, -5)),
        (
            (1.5, "not_an_integer"),
            (True, "not_an_integer"),
            (9223372036854775808, "out_of_range"),
            (-6, "too_small"),
            ("many", "not_a_number"),
        ),
        (("1.234", 1234), ("", None)),
        ImportFormat(decimal=",", thousands="."),
    ),
    "decimal": Example(
        "precision: 6, scale: 2",
        (("12.50", "12.50"), (3, "3.00"), ("0.125", "0.13"), ("-0.125", "-0.13")),
        (
            ("12345.6", "out_of_range"),
            ("NaN", "not_a_number"),
            ("1_000", "not_a_number"),
            ("1e400", "out_of_range"),
        ),
        (("1.234,5", "1234.50"),),
        ImportFormat(decimal=",", thousands="."),
    ),
    "money": Example(
        "min: 0",
        (("1234.50", "1234.50"), (3, "3.00"), ("0.1", "0.10")),
        (("-1", "too_small"), ("1e16", "out_of_range"), ("free", "not_a_number")),
        (("99.50", "99.50"),),
    ),
    "percent": Example(
        "max: 100",
        (("20", "20"), ("12.5", "12.5"), (0, "0")),
        (("100.1", "too_large"), ([], "not_a_number")),
        (("15 %", "15"), ("15%", "15")),
    ),
    "rating": Example("max: 4", same(0, 4), ((5, "too_large"), (-1, "too_small")), (("3", 3),)),
    "boolean": Example(
        "",
        same(True, False),
        (("true", "not_a_boolean"), (1, "not_a_boolean")),
        (("Yes", True), ("no", False), ("", None)),
    ),
    "date": Example(
        "",
        same("2024-02-29", "1999-12-31"),
        (("2023-02-29", "not_a_date"), ("29.02.2024", "not_a_date"), (20240229, "not_a_text")),
        (("29-02-2024", "2024-02-29"), ("", None)),
        ImportFormat(date="%d-%m-%Y"),
    ),
    "datetime": Example(
        "",
        (
            ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z"),
            ("2026-03-02T10:00:00+02:00", "2026-03-02T08:00:00Z"),
            ("2026-03-02T10:00:00.5", "2026-03-02T10:00:00.5Z"),
        ),
        (("yesterday", "not_a_datetime"), (1, "not_a_text"), ("0001-01-01T00:00:00+14:00", "not_a_datetime")),
        (("02.03.2026 10:00", "2026-03-02T10:00:00Z"),),
        ImportFormat(datetime="%d.%m.%Y %H:%M"),
    ),
    "time": Example(
        "",
        (("08:30", "08:30:00"), ("23:59:59.25", "23:59:59.25")),
        (("25:00", "not_a_time"), ("08:30+01:00", "not_a_time")),
        (("8.30", "08:30:00"),),
        ImportFormat(time="%H.%M"),
    ),
    "duration": Example(
        "",
        (("P14D", "P14D"), ("PT1H30M", "PT5400S"), ("P1Y2M", "P14M"), ("PT0.5S", "PT0.5S"), ("-P1D", "P-1D")),
        (("P", "not_a_duration"), ("two days", "not_a_duration"), (5, "not_a_text")),
        (("90 minutes", "PT5400S"), ("2 weeks", "P14D"), ("", None)),
    ),
    "choice": Example(
        "options: [zero, one, two]",
        same("two", "zero", "one"),
        (("three", "unknown_option"), (0, "not_a_text")),
        (("one", "one"), ("", None)),
    ),
    "choices": Example(
        "options: [zero, one, two]",
        (*same(["two", "zero"]), (["one", "one"], ["one"]), (None, [])),
        ((["four"], "unknown_option"), ("one", "not_a_list")),
        (("one; two", ["one", "two"]), ("", [])),
    ),
    "tags": Example(
        "",
        (*same(["big deal", 'say "hi"', "a,b"]), ([" x "], ["x"])),
        (([""], "not_a_tag"), (["a\nb"], "not_a_tag"), ({"a": 1}, "not_a_list")),
        (("a;b;a", ["a", "b"]),),
    ),
    "email": Example(
        "",
        (("Ann@Example.COM", "Ann@example.com"), ("ann@büro.example.com", "ann@büro.example.com")),
        (("ann", "not_an_email"), ("a@b@c", "not_an_email")),
        (("ann@example.com", "ann@example.com"),),
    ),
    "phone": Example(
        "",
        (("+49 30 1234567", "+49301234567"), ("(030) 123-456", "(030) 123-456")),
        (("+49", "not_a_phone"), ("call me", "not_a_phone"), ("+1 2", "not_a_phone")),
        (("+44 20 7946 0958", "+442079460958"),),
    ),
    "url": Example(
        "",
        (("example.com/a?b=c", "https://example.com/a?b=c"), ("http://localhost:80", "http://localhost:80")),
        (("javascript:alert(1)", "not_a_url"), ("ftp://x.org", "not_a_url"), ("https://", "not_a_url")),
        (("https://example.com", "https://example.com"),),
    ),
    "color": Example(
        "", (("#1F6FEB", "#1f6feb"), ("#abc", "#aabbcc")), (("red", "not_a_color"),), (("#000000",) * 2,)
    ),
    "barcode": Example("", same("4006381333931"), (("ß", "not_a_barcode"),), (("ABC-1", "ABC-1"),)),
    "currency": Example(
        "", (("eur", "EUR"), ("USD", "USD")), (("EURO", "not_a_currency"),), (("CHF", "CHF"),)
    ),
    "country": Example(
        "", (("de", "DE"),), (("EU", "not_a_country"), ("Germany", "not_a_country")), (("DK", "DK"),)
    ),
    "language": Example("", same("en", "pt-BR"), (("english", "not_a_language"),), (("da", "da"),)),
    "timezone": Example("", same("Europe/Berlin"), (("Berlin", "not_a_timezone"),), (("UTC", "UTC"),)),
    "json": Example(
        "",
        same({"a": [1, 2.5, None, {"b": "c"}]}, [], 0, False),
        (
            ({"a": "x\x00"}, "bad_characters"),
            ([[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]], "too_deep"),
        ),
        (('{"a": 1}', {"a": 1}), ("", None)),
    ),
}
COMPUTED = {"formula", "sequence"}
COMPOUND = {"rich_text", "address", "location", "person_name"}
LINKED = {"reference", "references", "user", "file", "files", "image", "signature"}


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
    return app_from(HEADER + "".join(lines) + links + rest + formulas)


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


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - {"json", "choices", "tags"} - COMPOUND))
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
    return field_type.filter_literal((samples | others)[name], operator)


WITHOUT_ORDER = {
    "json", "choices", "tags", "references", "long_text", "markdown", "code", "rich_text", "location",
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
