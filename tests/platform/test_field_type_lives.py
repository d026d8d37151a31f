"""Every field type through its whole life, by the API: created, read, changed, in the history, exported, and
imported from lines of JSON and of CSV; and what is refused on the way in. Filters and orders of each are in
`test_fields_types.py`.

The values are those of `fieldstone_testing.field_examples`; a type without any fails here and there.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from fieldstone import records
from fieldstone.fields import FIELD_TYPES, Operand
from fieldstone.fields.base import FieldType
from fieldstone_testing import App, AppFactory
from fieldstone_testing.clients import ApiClient
from fieldstone_testing.field_examples import EXAMPLES

LINKS = {
    "reference": "{type: reference, to: place}",
    "references": "{type: references, to: place}",
    "user": "{type: user}",
}
COMPUTED = {
    "sequence": "{type: sequence, format: 'T-{number:03}'}",
    "formula": "{type: formula, expression: base * 2}",
}
PLAIN = {name: f"{{type: {name}, {example.keys}}}" for name, example in EXAMPLES.items()}
FILES = {name: f"{{type: {name}}}" for name in ("file", "files", "image", "signature")}
DECLARED = PLAIN | LINKS | FILES | COMPUTED
NOTHING = (None, None)
Samples = Mapping[str, tuple[tuple[Any, Any], ...]]
PLAIN_SAMPLES: Samples = {name: example.sent for name, example in EXAMPLES.items()}
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
kind: entity
name: thing
title: '"{base}"'
fields:
  base: {type: integer}
"""
WRITTEN = sorted(set(FIELD_TYPES) - set(COMPUTED))


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(HEADER + "".join(f"  a_{name}: {keys}\n" for name, keys in DECLARED.items()))


@pytest.fixture(scope="module")
def linked(app: App) -> Samples:
    """What is sent to a reference, and what is shown: two of each."""
    made = records.create(app.system, "place", [{"name": "Here"}, {"name": "There"}])
    titles = ("Here", "There")
    named = zip(made, titles, strict=True)
    places = [{"id": str(one.id), "entity": "place", "title": title} for one, title in named]
    people = [{"id": str(app.user(name)), "entity": "user", "title": name} for name in ("Ann", "Bob")]
    return {
        "reference": tuple((one["id"], one) for one in places),
        "references": tuple(([one["id"]], [one]) for one in places),
        "user": tuple((one["id"], one) for one in people),
    }


@pytest.fixture
def api(app: App, client: Callable[..., ApiClient]) -> ApiClient:
    return client(app, app.token("Ada", ["admin"]))


def test_every_type_lives_here() -> None:
    assert set(DECLARED) == set(FIELD_TYPES)


def type_of(app: App, name: str) -> FieldType:
    return app.model.entities["thing"].fields[f"a_{name}"].type


def found(api: ApiClient, where: str) -> set[str]:
    answer = api.get("/data/thing", query_string={"where": where, "limit": "1000"})
    assert answer.status_code == 200, answer.json
    return {one["id"] for one in answer.json["data"]}


def bulk(api: ApiClient, lines: str, kind: str) -> str:
    headers = {"Content-Type": f"{kind}; charset=utf-8"}
    answer = api.post("/data/thing/bulk?mode=create", data=lines.encode(), headers=headers)
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["status"] for one in results] == [201], answer.text
    return str(results[0]["id"])


@pytest.mark.parametrize("name", sorted(set(WRITTEN) - set(FILES)))  # these live in test_files.py
def test_a_type_lives_through_everything(api: ApiClient, linked: Samples, name: str) -> None:
    field, samples = f"a_{name}", {**PLAIN_SAMPLES, **linked}[name]
    (first, shown_first), (second, shown_second) = (*samples, NOTHING)[:2]

    created = api.post("/data/thing", {field: first})
    assert created.status_code == 201, created.json
    path, id_ = f"/data/thing/{created.json['id']}", created.json["id"]
    assert api.get(path).json[field] == shown_first

    changed = api.patch(path, {field: second})
    assert changed.status_code == 200, changed.json
    assert api.get(path).json[field] == shown_second
    newest = api.get(f"{path}/history").json["data"][0]["changes"]
    assert newest[field] == [shown_first, shown_second]

    listed = {"where": f"id == '{id_}'", "fields": field}
    exported = api.get("/data/thing/export", query_string=listed | {"format": "ndjson"}).text
    [line] = exported.splitlines()
    assert json.loads(line)[field] == shown_second

    sent_again = json.dumps({field: json.loads(line)[field] if name != "secret" else second})
    copy = bulk(api, sent_again, "application/x-ndjson")
    assert api.get(f"/data/thing/{copy}").json[field] == shown_second


@pytest.mark.parametrize("name", WRITTEN)
def test_a_type_without_a_value_is_empty_everywhere(api: ApiClient, name: str) -> None:
    field = f"a_{name}"
    made = api.post("/data/thing", {field: None}).json
    assert made[field] in (None, [])
    query = {"fields": field, "where": f"id == '{made['id']}'"}
    exported = api.get("/data/thing/export", query_string=query).text.removeprefix("\ufeff")
    assert list(csv.reader(io.StringIO(exported))) == [[field], [""]]
    assert api.patch(f"/data/thing/{made['id']}", {field: None}).json["version"] == 1


def exported_cell(api: ApiClient, record: str, field: str) -> str:
    query = {"fields": field, "where": f"id == '{record}'"}
    return api.get("/data/thing/export", query_string=query).text.removeprefix("\ufeff")


@pytest.mark.parametrize("html", ["<p>Hi <b>Ann</b></p>", "1 &lt; 2", "plain"])
def test_rich_text_comes_back_from_a_cell_as_html(api: ApiClient, html: str) -> None:
    made = api.post("/data/thing", {"a_rich_text": html}).json["id"]
    copy = bulk(api, exported_cell(api, made, "a_rich_text"), "text/csv")
    assert api.get(f"/data/thing/{copy}").json["a_rich_text"] in {html, f"<p>{html}</p>"}


@pytest.mark.parametrize(
    "name",
    sorted(name for name, ex in EXAMPLES.items() if ex.plain_cells and name not in {"rich_text", "secret"}),
)
def test_an_exported_cell_is_the_same_value_when_it_is_imported(api: ApiClient, name: str) -> None:
    field = f"a_{name}"
    for sent, shown in PLAIN_SAMPLES[name]:
        made = api.post("/data/thing", {field: sent}).json["id"]
        copy = bulk(api, exported_cell(api, made, field), "text/csv")
        assert api.get(f"/data/thing/{copy}").json[field] == shown


def test_what_an_export_tells_of_a_secret_is_not_taken_for_one(api: ApiClient) -> None:
    made = api.post("/data/thing", {"a_secret": "hunter2"}).json["id"]
    lines = f"id,a_secret\n{made},{exported_cell(api, made, 'a_secret').splitlines()[1]}\n"
    answer = api.post("/data/thing/bulk?mode=update", data=lines.encode(), content_type="text/csv")
    assert [error["code"] for error in answer.json["errors"]] == ["not_a_secret"]
    assert bulk(api, 'a_secret\n"{""type"": ""account""}"\n', "text/csv")


@pytest.mark.parametrize("text", ["=1+1", "'=1+1", "-", "'", "@home", "+x", "''"])
def test_a_text_like_a_formula_comes_back_from_a_cell_as_it_was(api: ApiClient, text: str) -> None:
    made = api.post("/data/thing", {"a_text": text}).json["id"]
    copy = bulk(api, exported_cell(api, made, "a_text"), "text/csv")
    assert api.get(f"/data/thing/{copy}").json["a_text"] == text


@pytest.mark.parametrize("value", [[1, "b", None], "x, y", {"title": "T", "pages": 3}, True, "=1+1"], ids=str)
def test_json_of_any_shape_comes_back_from_a_cell(api: ApiClient, value: object) -> None:
    made = api.post("/data/thing", {"a_json": value}).json["id"]
    copy = bulk(api, exported_cell(api, made, "a_json"), "text/csv")
    assert api.get(f"/data/thing/{copy}").json["a_json"] == value


@pytest.mark.parametrize("name", sorted(name for name, example in EXAMPLES.items() if example.plain_cells))
def test_a_cell_of_csv_becomes_a_value(api: ApiClient, name: str) -> None:
    for cell, shown in EXAMPLES[name].plain_cells:
        lines = io.StringIO()
        csv.writer(lines).writerows([["base", f"a_{name}"], ["1", cell]])
        made = bulk(api, lines.getvalue(), "text/csv")
        assert api.get(f"/data/thing/{made}").json[f"a_{name}"] == shown


@pytest.mark.parametrize("name", sorted(set(FIELD_TYPES) - {"sequence"} - set(FILES)))
def test_what_is_empty_and_what_is_set_part_all_records(
    app: App, api: ApiClient, linked: Samples, name: str
) -> None:
    sent = {f"a_{one}": samples[0][0] for one, samples in {**PLAIN_SAMPLES, **linked}.items()} | {"base": 7}
    full, bare = (api.post("/data/thing", values).json["id"] for values in (sent, {"base": None}))
    operators = type_of(app, name).operators()
    own = {one.name: one.expression(f"a_{name}") for one in operators if one.operand is Operand.NONE}
    asked = {key: found(api, own[key]) for key in {"set", "empty"} & own.keys()}
    assert full in asked.get("set", {full})
    assert bare in asked.get("empty", {bare})
    assert full not in asked.get("empty", ())
    assert bare not in asked.get("set", ())


# -- what is refused


@pytest.mark.parametrize("name", sorted(name for name, example in EXAMPLES.items() if example.refused))
def test_a_wrong_value_is_refused_with_its_field_and_reason(api: ApiClient, name: str) -> None:
    for value, code in EXAMPLES[name].refused_as_values:
        answer = api.post("/data/thing", {f"a_{name}": value})
        assert answer.status_code == 422, (value, answer.json)
        [error] = answer.json["errors"]
        assert (error["field"], error["code"]) == (f"a_{name}", code)
        assert len(error["message"]) > 10


HOSTILE = {
    "nul": '"a\\u0000b"',
    "lone surrogate": '"\\ud800"',
    "huge number": "1" + "0" * 400,
    "huge exponent": "1e400",
    "tiny number": "1e-400",
    "negative zero": "-0",
    "truth": "true",
    "empty text": '""',
    "blank": '" "',
    "empty list": "[]",
    "list of lists": "[[[]]]",
    "list of null": "[null]",
    "empty object": "{}",
    "foreign object": '{"id": {"id": []}, "entity": 5, "set": "x", "city": [], "latitude": {}}',
    "nul in a key": '{"a\\u0000": 1}',
    "long text": json.dumps("x" * 200_000),
    "markup": '"<img src=x onerror=alert(1)>"',
    "formula": '"=1+1\'; DROP TABLE thing; --"',
}


@pytest.mark.parametrize("name", WRITTEN)
def test_hostile_values_are_refused_or_kept_but_never_a_fault(api: ApiClient, name: str) -> None:
    for label, written in HOSTILE.items():
        body = f'{{"a_{name}": {written}}}'.encode()
        answer = api.post("/data/thing", data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {201, 400, 422}, (label, answer.text)
        errors = answer.json.get("errors", [])
        assert {error["field"] for error in errors} <= {f"a_{name}", None}, label


@pytest.mark.parametrize("name", sorted(COMPUTED))
def test_what_the_platform_makes_cannot_be_sent(api: ApiClient, name: str) -> None:
    answer = api.post("/data/thing", {f"a_{name}": 5})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, f"a_{name}")


@pytest.mark.parametrize(("name", "shown"), [("sequence", "T-"), ("formula", "14")])
def test_what_the_platform_makes_is_read_sorted_and_exported(api: ApiClient, name: str, shown: str) -> None:
    id_ = api.post("/data/thing", {"base": 7}).json["id"]
    query = {"where": f"id == '{id_}'", "order": f"-a_{name}", "fields": f"a_{name}"}
    assert shown in api.get("/data/thing/export", query_string=query).text
