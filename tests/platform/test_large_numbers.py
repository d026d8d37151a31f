"""Numbers in JSON larger than 64 bits: kept and told exactly, or refused; never an error of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fieldstone_testing import App, AppFactory
from fieldstone_testing.clients import ApiClient

NOTES = """
kind: app
name: notes
label: Notes
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: measure
fields:
  name: {type: text, required: true}
  count: {type: integer}
  facts: {type: json}
---
kind: role
name: clerk
inherits: [employee]
entities:
  measure: {create: true, read: true, update: true, delete: true}
"""
LARGE = 10**30
FACTS = {"atoms": LARGE, "low": -LARGE, "list": [2**64, {"deep": 2**63}]}
Clients = Callable[[App, str], ApiClient]


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    return module_app_from(NOTES)


@pytest.fixture
def api(app: App, client: Clients) -> ApiClient:
    return client(app, app.token("Ann", ["clerk", "admin"]))


def facts(answer: Any) -> Any:
    assert answer.status_code < 300, answer.text
    return json.loads(answer.text)


def test_a_json_field_keeps_numbers_of_any_size_wherever_it_is_told(api: ApiClient) -> None:
    made = facts(api.post("/data/measure", {"name": "Stars", "facts": FACTS}))
    one = f"/data/measure/{made['id']}"
    after = facts(api.patch(one, {"facts": {**FACTS, "more": LARGE}}))
    changed, changed_at = after["facts"], after["updated_at"]
    assert made["facts"] == FACTS
    assert changed == {**FACTS, "more": LARGE}
    assert facts(api.get(one))["facts"] == changed
    assert facts(api.get("/data/measure"))["data"][0]["facts"] == changed
    past = api.get(one, query_string={"at": changed_at})
    assert facts(past)["facts"] == changed
    assert str(LARGE) in api.get(f"{one}/history").text
    assert str(LARGE) in api.get("/events?after=0").text
    for form in ("ndjson", "csv"):
        assert str(LARGE) in api.get(f"/data/measure/export?format={form}").text


@pytest.mark.parametrize(
    "question",
    [
        ("/explain", {"what_if": {"role": {"name": "clerk", "entities": LARGE}}}),
        ("/explain", {"entity": "measure", "id": LARGE}),
        ("/data/measure/query", {"measures": {"n": LARGE}}),
        ("/data/measure/query", {"limit": LARGE}),
        ("/data/measure", {"name": "Many", "count": LARGE}),
        ("/data/measure", {"name": LARGE}),
        ("/data/measure", {"records": [{"name": "Many", "count": LARGE}, {"name": LARGE, "more": LARGE}]}),
        ("/data/measure?partial=true", {"records": [{"name": "Many", "count": LARGE}]}),
        ("/metadata/check", {"files": LARGE}),
    ],
    ids=lambda question: f"{question[0]} {next(iter(question[1]))}",
)
def test_anything_else_refuses_them_in_words(api: ApiClient, question: tuple[str, dict[str, Any]]) -> None:
    path, body = question
    answer = api.post(path, body)
    assert answer.status_code in {200, 400, 422}, answer.text
    assert json.loads(answer.text)
