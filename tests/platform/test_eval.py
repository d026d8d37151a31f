"""`fieldstone eval`: the value of an expression in all evaluators, and an answer to every line."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from fieldstone.cli.main import commands, exit_status
from fieldstone.evaluation import NOTHING, answers, outcome
from fieldstone.evaluation.one_record import Query

APP = """
kind: app
name: shop
version: 1.0.0
settings:
  limit: {type: integer, default: 5}
---
kind: entity
name: customer
title: name
fields:
  name: {type: text, required: true}
---
kind: entity
name: product
fields:
  name: {type: text, required: true}
  price: {type: money}
  weight: {type: decimal, precision: 10, scale: 2}
  stage: {type: choice, options: [new, old]}
  maker: {type: reference, to: customer, inverse: products}
  keeper: {type: reference, to: [customer, user]}
  twice: {type: formula, expression: weight * 2}
"""


@pytest.fixture(scope="module")
def database_url(cluster):
    url = cluster.empty()
    yield url.render_as_string(hide_password=False)
    cluster.drop(url)


@pytest.fixture
def place(database_url, monkeypatch, tmp_path) -> Path:
    """A current folder with an app in it, and an installation in which nothing is published."""
    monkeypatch.setenv("FIELDSTONE_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "app.yaml").write_text(APP)
    return tmp_path


def run(*arguments: str) -> int:
    return exit_status(lambda: commands.main(args=["eval", *arguments], standalone_mode=False))


@pytest.fixture
def product(place, capsys):
    """Evaluates an expression about a product: `product("price > 3", {"price": "4"})`."""

    def evaluate(expression: str, record: dict[str, Any]) -> dict[str, Any]:
        capsys.readouterr()
        given = ["--app", "shop", "--entity", "product", "--record", json.dumps(record), "--json"]
        run(expression, *given)
        return json.loads(capsys.readouterr().out)

    return evaluate


@pytest.fixture
def say(place, capsys, monkeypatch):
    """Sends lines to `fieldstone eval --stdin`; gives the answers. An object is sent as JSON."""

    def send(*lines: Any) -> list[dict[str, Any]]:
        sent = b"".join(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in lines)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sent)))
        capsys.readouterr()
        assert run("--stdin") == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return send


def line(expression: str, fields: dict[str, Any] | None = None, **record: Any) -> dict[str, Any]:
    return {"expression": expression, "fields": fields or {}, "record": record}


# ---- one expression


def test_the_type_and_value_are_printed(place, capsys):
    assert run("round(2.345, 2)") == 0
    assert capsys.readouterr().out == 'type: decimal\nvalue: "2.35"\n'


def test_an_error_is_shown_with_its_place_and_a_caret(place, capsys):
    assert run("1 + nme") == 1
    shown = capsys.readouterr().err
    assert "1:5: unknown_name" in shown
    assert "1 + nme\n    ^^^" in shown


def test_an_error_for_programs_is_json(place, capsys):
    assert run("1 + nme", "--json") == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["line"], error["column"]) == ("unknown_name", 1, 5)


def test_a_trace_shows_each_part_with_its_value(place, capsys):
    assert run("len('ab') + 1", "--trace") == 0
    assert "1:1  len('ab') = 2" in capsys.readouterr().out


def test_a_value_that_leaves_its_range_is_an_error_with_its_place(place, capsys):
    assert run("9223372036854775807 + 1", "--json") == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "out_of_range"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("1", "--stdin"),
        ("1", "--record", "{}"),
        ("1", "--entity", "user", "--record", "{"),
        ("1", "--entity", "user", "--record", "[]"),
        ("1", "--app", "nowhere"),
    ],
    ids=" ".join,
)
def test_what_does_not_fit_together_is_wrong_usage(place, arguments):
    assert run(*arguments) == 2


def test_an_app_with_errors_is_told_so(place, capsys):
    (place / "shop" / "app.yaml").write_text(APP.replace("money", "mony"))
    assert run("1", "--app", "shop") == 1
    assert "mony" in capsys.readouterr().err


def test_an_unknown_entity_is_told(place, capsys):
    assert run("1", "--app", "shop", "--entity", "prodct") == 1
    assert "prodct" in capsys.readouterr().err


def test_an_entity_needs_a_publication_or_an_app(place, capsys):
    assert run("1", "--entity", "product") == 1
    assert "Nothing has been published" in capsys.readouterr().err


def test_settings_of_an_app_have_their_defaults(place, capsys):
    assert run("settings.shop.limit + 1", "--app", "shop") == 0
    assert "value: 6" in capsys.readouterr().out


# ---- a record of an application

SOME_ID = "00000000-0000-0000-0000-0000000000aa"


@pytest.mark.parametrize(
    ("expression", "record", "value"),
    [
        ("weight", {"weight": "1.005"}, "1.01"),
        ("twice", {"weight": "1.50"}, "3"),
        ("price", {"price": "1234.5"}, "1234.50"),
        ("stage == 'new'", {"stage": "new"}, True),
        ("stage", {}, None),
        ("maker", {"maker": SOME_ID}, {"id": SOME_ID, "entity": "customer", "title": None}),
        ("maker.name", {"maker": SOME_ID}, None),
        ("(keeper as customer).name", {"keeper": {"id": SOME_ID, "entity": "customer"}}, None),
        ("keeper == maker", {"keeper": {"id": SOME_ID, "entity": "customer"}, "maker": SOME_ID}, True),
        ("keeper == maker", {"keeper": {"id": SOME_ID, "entity": "user"}, "maker": SOME_ID}, False),
        ("count(product)", {}, 0),
        ("count(maker.products where price > 1)", {"maker": SOME_ID}, 0),
        ("user.name", {}, None),
    ],
)
def test_a_record_of_an_entity_is_all_there_is(product, expression, record, value):
    answer = product(expression, record)
    assert (answer.get("value", answer), "disagree" in answer) == (value, False)


def test_a_required_field_that_is_read_must_be_there(place, capsys):
    assert run("len(name)", "--app", "shop", "--entity", "product") == 1
    assert "name" in capsys.readouterr().err


def test_a_value_that_the_field_cannot_hold_is_refused(place, capsys):
    assert run("weight", "--app", "shop", "--entity", "product", "--record", '{"weight": "heavy"}') == 1
    assert "weight" in capsys.readouterr().err


# ---- lines


@pytest.mark.parametrize(
    ("type_", "written", "shown"),
    [
        ("boolean", True, True),
        ("integer", 4, 4),
        ("rating", 4, 4),
        ("decimal", "1.50", "1.5"),
        ("decimal(5, 1)", "1.25", "1.3"),
        ("money", "1234.5", "1234.50"),
        ("percent", "20", "20"),
        ("text", "ä%_\\", "ä%_\\"),
        ("text", "", None),
        ("email", "a@b.c", "a@b.c"),
        ("date", "2026-11-21", "2026-11-21"),
        ("datetime", "2026-11-21T09:30:00+01:00", "2026-11-21T08:30:00Z"),
        ("time", "08:30", "08:30:00"),
        ("duration", "P1M2DT5400S", "P1M2DT5400S"),
        ("duration", "P5Y", "P60M"),
        ("duration", "-P14M1DT0.000001S", "P-14M-1DT-0.000001S"),
        ("choice", "won", "won"),
        ("choice(won, lost)", "won", "won"),
        ("tags", ["a", "b"], ["a", "b"]),
        ("list(text)", [], []),
        ("list(integer)", [1, 2], [1, 2]),
        ("integer", None, None),
        ("integer?", 4, 4),
        ("integer!", 4, 4),
        ("required integer", 4, 4),
        ("decimal(5, 1) required", "1.25", "1.3"),
        ("text not null", "a", "a"),
        ("choices(a, b)", ["b"], ["b"]),
        ("choices", ["b"], ["b"]),
        ("list(choice(a, b))", ["a"], ["a"]),
        ("list(date)", ["2026-11-21"], ["2026-11-21"]),
        ("json", {"a": [1]}, {"a": [1]}),
        ("address", {"city": "Kiel"}, {"city": "Kiel"}),
        ("long_text", "a", "a"),
        ("rich_text", "a", "a"),
        ("person_name", "Ann", "Ann"),
        ("currency", "EUR", "EUR"),
        ("timezone", "Europe/Berlin", "Europe/Berlin"),
        ("money", {"amount": "5", "currency": "USD"}, "5.00"),
        ("reference", SOME_ID, {"id": SOME_ID, "entity": "record", "title": None}),
        (
            "reference",
            {"id": SOME_ID, "entity": "account"},
            {"id": SOME_ID, "entity": "account", "title": None},
        ),
        ({"type": "integer", "required": True}, 4, 4),
        ({"type": "decimal", "precision": 5, "scale": 1}, "1.25", "1.3"),
        ({"type": "choice", "options": ["won", {"value": "lost", "label": "Lost"}]}, "lost", "lost"),
        (
            {"type": "reference", "to": "account"},
            SOME_ID,
            {"id": SOME_ID, "entity": "account", "title": None},
        ),
    ],
)
def test_each_type_is_read_and_written_in_the_form_of_the_api(say, type_, written, shown):
    [answer] = say(line("x", {"x": type_}, x=written))
    assert (answer.get("value", answer), "disagree" in answer) == (shown, False)


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ("1", "integer"),
        ("1 / 2", "decimal"),
        ("null", "null"),
        ("split('a', 'b')", "list(text)"),
        ("1 day", "duration"),
        ("5 business days", "duration"),
        ("1 == 1", "boolean"),
    ],
)
def test_the_type_is_named(say, expression, type_):
    [answer] = say(line(expression))
    assert answer["type"] == type_


def test_references_and_money_work_on_written_fields(say):
    fields = {"a": "reference(account)", "b": "reference(account, user)", "amount": "money"}
    record = {"a": SOME_ID, "b": {"id": SOME_ID, "entity": "account"}, "amount": "5"}
    same, euros = say(line("a == b", fields, **record), line("amount > 4 EUR", fields, **record))
    assert (same["value"], euros["value"]) == (True, True)
    foreign = {"x": {"amount": "5", "currency": "USD"}, "x__base": "4"}
    worth, dollars = say(
        line("base(x)", {"x": "money"}, **foreign), line("x > 4 USD", {"x": "money"}, **foreign)
    )
    assert (worth["value"], dollars["value"]) == ("4.00", True)


def test_what_has_no_sql_form_is_evaluated_in_memory(say):
    [answer] = say(line("matches(x, '^a+$')", {"x": "text"}, x="aaa"))
    assert answer == {"type": "boolean", "value": True}


def test_the_example_of_the_design_has_exactly_type_and_value(say):
    assert say(line("n * 2", {"n": "integer"}, n=4)) == [{"type": "integer", "value": 8}]


@pytest.mark.parametrize(
    ("hostile", "code"),
    [
        (b"\n", "broken_json"),
        (b"{\n", "broken_json"),
        (b"\xff\xfe\n", "broken_json"),
        (b"[" * 100_000 + b"\n", "broken_json"),
        (b'"1"\n', "malformed"),
        (b'{"expression": 1}\n', "malformed"),
        (b'{"expression": "1", "fields": []}\n', "malformed"),
        (b'{"expression": "1", "more": 1}\n', "unknown_key"),
        (b'{"expression": "' + b"1+" * 1_000_000 + b'1"}\n', "too_long"),
        (b'{"expression": "' + b"1+" * 50_000 + b'1"}\n', "too_long"),
        (line("("), "syntax"),
        (line("(" * 5_000), "syntax"),
        (line("(" * 500 + "1" + ")" * 500), "too_complex"),
        (line("x.__class__", {"x": "text"}), "syntax"),
        (line("x", {"x": "float"}), "unknown_type"),
        (line("x", {"x": 7}), "unknown_type"),
        (line("x", {"x": "list(list(text))"}), "unknown_type"),
        (line("x", {"x": "list(" * 300 + "text" + ")" * 300}), "unknown_type"),
        (line("x", {"x": "decimal(2, 3)"}), "unknown_type"),
        (line("x", {"x": "integer!?"}), "unknown_type"),
        (line("x", {"x": "required integer?"}), "unknown_type"),
        (line("x", {"x": {"type": "integer", "size": 4}}), "unknown_type"),
        (line("x", {"x": {"type": ["integer"]}}), "unknown_type"),
        (line("x", {"x": "integer!"}), "required"),
        (line("x", {"x": "secret"}), "unknown_type"),
        (line("x", {"x": "choices(a)"}, x=["b"]), "unknown_option"),
        (
            line(
                "x",
                {"x": "money", "y": "money"},
                x={"amount": 1, "currency": "EUR"},
                y={"amount": 1, "currency": "USD"},
            ),
            "different_currencies",
        ),
        (line("x", {"x": "formula"}), "unknown_type"),
        (line("x", {"user": "text"}), "bad_name"),
        (line("x", {"X Y": "text"}), "bad_name"),
        (line("x", {"x": "integer"}, x="many"), "not_a_number"),
        (line("x", {"x": "integer"}, x=1e300), "out_of_range"),
        (line("x", {"x": "integer"}, y=1), "unknown_field"),
        (line("x", {"x": "text"}, x="a\0b"), "bad_characters"),
        (line("x", {"x": "choice(a)"}, x="b"), "unknown_option"),
        (line("x", {"x": "date"}, x="2026-02-30"), "not_a_date"),
        (line("x == 'b'", {"x": "choice(a)"}), "unknown_option"),
        (line("id", {"id": "integer"}, id=5), "bad_name"),
        (line("1", {f"x{number}": "text" for number in range(1_001)}), "too_many"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_hostile_line_is_answered_by_an_error_and_the_next_one_by_its_value(say, hostile, code):
    refused, next_one = say(hostile, line("1 + 1"))
    assert refused["error"]["code"] == code
    assert next_one["value"] == 2


def test_a_last_line_without_an_end_is_answered(say):
    assert say(b'{"expression": "1"}') == [{"type": "integer", "value": 1}]


def test_a_disagreement_is_told_with_what_each_evaluator_said(app_from, monkeypatch):
    app = app_from("kind: app\nname: empty\nversion: 1.0.0\n")
    wrong = {"closures": lambda _: lambda _: 2, "python": lambda _: lambda _: 3}
    monkeypatch.setattr("fieldstone.evaluation.outcome._IN_MEMORY", wrong)
    outcome._compiled.cache_clear()
    [answer] = answers(app.database, NOTHING, io.BytesIO(b'{"expression": "1 + 1"}\n'), trace=False)
    outcome._compiled.cache_clear()
    assert (answer["disagree"], answer["values"]) == (True, {"closures": 2, "python": 3, "sql": 2})


def test_lines_are_answered_in_their_order_however_many_there_are(say):
    lines = [line(f"n + {number}", {"n": "integer"}, n=1) for number in range(150)]
    assert [answer["value"] for answer in say(*lines)] == list(range(1, 151))


def test_an_answer_does_not_wait_for_the_next_line(app_from):
    app = app_from("kind: app\nname: empty\nversion: 1.0.0\n")
    reader, writer = os.pipe()
    with open(reader, "rb") as file, open(writer, "wb", buffering=0) as pipe:
        found = answers(app.database, NOTHING, file, trace=False)
        for number in range(3):
            pipe.write(json.dumps(line(f"{number} + 1")).encode() + b"\n")
            assert next(found)["value"] == number + 1


def test_what_the_database_refuses_spoils_no_other_line(say, monkeypatch):
    real = outcome.query
    broken = Query("SELECT pg_sleep('x')", {}, {})

    def broken_for_two(expression, *rest):
        return broken if expression.source == "1 + 2 + 4" else real(expression, *rest)

    monkeypatch.setattr(outcome, "query", broken_for_two)
    one, two, three = say(line("1"), line("1 + 2 + 4"), line("3"))
    assert (one["value"], two["error"]["code"], three["value"]) == (1, "out_of_range", 3)


def test_whatever_goes_wrong_with_a_line_the_next_one_is_answered(say, monkeypatch):
    real = outcome.check_expression

    def failing(source, scope):
        return real(source, scope) if source != "41" else 1 / 0

    monkeypatch.setattr(outcome, "check_expression", failing)
    refused, answered = say(line("41"), line("42"))
    assert (refused["error"]["code"], answered["value"]) == ("internal", 42)


def test_a_line_that_is_too_long_is_passed_over_wherever_it_stands(say):
    long = b"x" * (1024 * 1024 + 5)
    told = say(line("1"), long + b"\n", line("2"), long + long + b"\n", line("3"))
    assert [answer.get("value", "too_long") for answer in told] == [1, "too_long", 2, "too_long", 3]


@pytest.mark.parametrize("source", ["[[1], [2]]", "[tags, tags]"])
def test_a_list_in_a_list_is_refused(say, source):
    assert say(line(source, {"tags": "list(text)"}))[0]["error"]["code"] == "type"
