"""Data sets: records that come with an app."""

from __future__ import annotations

import pytest

HEAD = """
kind: entity
name: series
owner: false
fields:
  name: {type: text, required: true}
---
kind: entity
name: product
fields:
  code: {type: text, required: true, unique: true}
  price: {type: money, min: 0}
  stock: {type: integer}
  active: {type: boolean}
  added: {type: date}
  colour: {type: choice, options: [red, blue]}
  series: {type: reference, to: series}
  fans: {type: references, to: user}
  number: {type: sequence}
---
kind: data
name: products
entity: product
key: [code]
"""


def records(text):
    return f"{HEAD}records: [{text}]\n"


def test_records_have_the_form_of_the_api(application):
    text = records(
        "{code: A, price: 12.50, stock: 3, series: {name: GTX}, fans: [{email: a@b.dk}], added: =today()}"
    )
    data_set = application(text).data["products"]
    assert data_set.key == ("code",)
    assert data_set.records == [
        {
            "code": "A",
            "price": "12.50",
            "stock": 3,
            "series": {"name": "GTX"},
            "fans": [{"email": "a@b.dk"}],
            "added": "=today()",
        }
    ]


@pytest.mark.parametrize(
    ("record", "code", "at"),
    [
        ("{code: A, prise: 3}", "unknown_field", "prise"),
        ("{code: A, price: -1}", "bad_value", "-1"),
        ("{code: A, stock: 1.5}", "bad_value", "1.5"),
        ("{code: A, colour: green}", "bad_value", "green"),
        ("{code: A, added: 01-02-2026}", "bad_value", "01-02"),
        ("{code: A, series: GTX}", "bad_value", "GTX"),
        ("{code: A, series: {nme: GTX}}", "unknown_field", "nme"),
        ("{code: A, number: X}", "not_writable", "number"),
        ("{code: A, id: X}", "unknown_field", "id"),
        ("{code: A, added: =tody()}", "unknown_function", "tody"),
        ("{code: A, added: =code}", "unknown_name", "code"),
        ("{price: 3}", "value_missing", "{price"),
        ("{code: A}, {code: A}", "repeated_value", "{code: A}]"),
        ("A", "wrong_type", "A]"),
    ],
)
def test_a_wrong_record_is_shown_at_its_place(record, code, at, check_text):
    text = records(record)
    problem = check_text(text).problems[0]
    assert problem.code == code
    assert text.split("\n")[problem.line - 1][problem.column - 1 :].startswith(at)


def test_records_can_lie_in_a_csv_file(check_text):
    csv = 'code,stock,active,series.name,fans.email\nA,3,true,GTX,a@b.dk; c@d.dk\n"B, big",,false,,\n'
    checked = check_text(f"{HEAD}file: products.csv\n", products__csv=csv)
    fans = [{"email": "a@b.dk"}, {"email": "c@d.dk"}]
    assert checked.application.data["products"].records == [
        {"code": "A", "stock": 3, "active": True, "series": {"name": "GTX"}, "fans": fans},
        {"code": "B, big", "stock": None, "active": False, "series": None, "fans": None},
    ]


@pytest.mark.parametrize(
    ("csv", "line", "code"),
    [
        ("code,prise\nA,3\nB,4\n", 1, "unknown_field"),
        ("code,stock\nA,3\nB,many\n", 3, "bad_value"),
        ("code,stock\nA,3,4\n", 2, "csv_syntax"),
        ('code\n"A\n', 2, "csv_syntax"),
        ("code\nA\n\nA\n", 4, "repeated_value"),
    ],
)
def test_a_wrong_row_is_shown_in_the_csv_file(csv, line, code, check_text):
    problem = check_text(f"{HEAD}file: products.csv\n", products__csv=csv).problems[0]
    assert (problem.path, problem.line, problem.code) == ("products.csv", line, code)


@pytest.mark.parametrize("path", ["prodcts.csv", "../products.csv", "/etc/passwd", "a.yaml"])
def test_only_csv_files_of_the_app_are_read(path, check_text):
    (problem,) = check_text(f"{HEAD}file: {path}\n", products__csv="code\nA\n").problems
    assert problem.code == "file_missing"


@pytest.mark.parametrize(
    ("ending", "code"),
    [("", "key_missing"), ("records: []\nfile: products.csv\n", "unknown_key")],
)
def test_a_data_set_has_records_or_a_file(ending, code, check_text):
    problem = check_text(HEAD + ending, products__csv="code\nA\n").problems[0]
    assert problem.code == code
