"""Whatever is asked: a statement that the server stops is told as such, and nothing is written.

A statement that takes too long and one that an administrator cancels end alike. Here each waits for a table
that somebody holds, and is cancelled then, so that no test depends on how fast anything is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.holds import holding
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.webs import WebOf, lent_webs

DEALS = """
kind: app
name: deals
version: 1.0.0
---
kind: entity
name: firm
fields:
  name: {type: text, required: true}
  code: {type: text, unique: true}
  part_of: {type: reference, to: firm, tree: true}
search: [name]
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  code: {type: text, unique: true}
  firm: {type: reference, to: firm, inverse: deals}
  stage: {type: choice}
  amount: {type: integer}
search: [name]
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: draft
states: {draft: {label: Draft}, sent: {label: Sent}, lost: {label: Lost}}
transitions:
  send: {from: draft, to: sent, approval: {steps: [{by: boss}]}}
  lose: {from: draft, to: lost}
---
kind: role
name: rep
inherits: [employee]
entities:
  firm: {create: true, read: true, update: true, delete: true}
  deal: {create: true, read: amount > 0 or amount == null, update: true, delete: true, share: true}
capabilities: [import, export, bulk_edit, purge]
---
kind: role
name: boss
inherits: [rep]
"""
TABLES = (
    "main.deal, main.firm, main.file, main.comment, main_system.history, main_system.outbox,"
    " main_system.operation, main_system.approval"
)
LINES = {"headers": {"Content-Type": "application/x-ndjson"}, "data": b'{"name": "A"}\n{"name": "B"}\n'}
FILE = {"headers": {"Content-Type": "application/octet-stream"}, "data": b"content"}
EVERYBODY = {"with": {"role": "boss"}}
WHAT_IF = {"what_if": {"role": {"kind": "role", "name": "rep", "entities": {"deal": {"read": "amount > 5"}}}}}
CALLS: dict[str, dict[str, Any]] = {
    "GET /data/deal": {},
    "GET /data/deal?where=amount%20%3E%205": {},
    "GET /data/deal?count=exact&limit=1": {},
    "GET /data/deal?q=pump": {},
    "GET /data/deal?at=2026-01-01T00:00:00Z": {},
    "GET /data/deal/{deal}": {},
    "GET /data/deal/{deal}?at=2026-01-01T00:00:00Z": {},
    "GET /data/deal/export": {},
    "GET /data/deal/export?format=ndjson": {},
    "GET /data/deal/export?format=xlsx": {},
    "GET /data/deal/{deal}/history": {},
    "GET /data/firm/{firm}/related/deals": {},
    "GET /data/firm/{firm}/below": {},
    "GET /data/firm/{firm}/above": {},
    "GET /data/deal/{deal}/comments": {},
    "GET /data/deal/{deal}/files": {},
    "GET /data/deal/{deal}/shares": {},
    "GET /data/deal/{deal}/transitions": {},
    "GET /data/deal/{deal}/approvals": {},
    "GET /data/deal/{deal}/approvals/{asked}": {},
    "GET /data/deal/{deal}/delete-preview": {},
    "GET /approvals": {},
    "GET /files/{file}": {},
    "GET /search?q=pump": {},
    "GET /events?after=0": {},
    "GET /operations": {},
    "GET /operations/{operation}": {},
    "POST /data/deal/query": {"json": {"rows": ["stage"], "measures": {"sum": "sum(amount)"}}},
    "POST /data/deal/query?": {"json": {"rows": ["stage"], "columns": ["firm"]}},
    "POST /explain": {"json": {"entity": "deal", "verb": "read", "id": "{deal}"}},
    "POST /explain?": {"json": WHAT_IF},
    "POST /data/deal": {"json": {"name": "A"}},
    "POST /data/deal?partial=true": {"json": {"records": [{"name": "A"}]}},
    "POST /data/deal?duplicates=accept": {"json": {"name": "A"}, "headers": {"Idempotency-Key": "one"}},
    "POST /data/deal/bulk": LINES,
    "PATCH /data/deal/{deal}": {"json": {"amount": 9}},
    "DELETE /data/deal/{deal}": {},
    "DELETE /data/deal/{deal}?purge=true": {},
    "POST /data/deal/{deal}/restore": {},
    "PUT /data/deal/by/code/new": {"json": {"name": "A"}},
    "POST /data/deal/{deal}/transitions/lose": {"json": {}},
    "POST /data/deal/{deal}/approvals/{asked}/approve": {"json": {}},
    "POST /data/deal/{deal}/approvals/{asked}/reject": {"json": {"reason": "No"}},
    "POST /data/deal/{deal}/approvals/{asked}/withdraw": {"json": {}},
    "POST /data/deal/{deal}/comments": {"json": {"body": "Hello"}},
    "POST /data/deal/{deal}/files?name=a.txt": FILE,
    "POST /files?name=a.txt": FILE,
    "POST /data/deal/{deal}/merge": {"json": {"records": ["{other}"]}},
    "POST /data/deal/{deal}/shares": {"json": EVERYBODY},
    "DELETE /data/deal/{deal}/shares/{share}": {},
    "POST /operations/{operation}/undo": {},
}
"""Every call about records, with what is sent."""

ASKS_NOTHING = {"api.me", "api.openapi"}
"""Views that are answered from what the process knows."""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(DEALS)
    app.token("Ann", ["rep", "admin"])
    app.token("Mia", ["boss"])
    return app


@pytest.fixture(scope="module")
def api(app: App) -> Iterator[ApiClient]:
    with lent_webs() as lend:
        yield ApiClient(lend(app), app.token("Ann"))


@pytest.fixture(scope="module")
def world(api: ApiClient) -> dict[str, str]:
    """The ids that addresses name."""

    def made(path: str, **options: Any) -> str:
        answer = api.post(path, **options)
        assert answer.status_code in (201, 202), answer.text
        return str(answer.json["id"])

    firm = made("/data/firm", json={"name": "Acme"})
    deal = made("/data/deal", json={"name": "Pump", "firm": firm, "amount": 7})
    bulk = api.post("/data/deal/bulk", **LINES)
    return {
        "firm": firm,
        "deal": deal,
        "other": json.loads(bulk.get_data().splitlines()[0])["id"],
        "operation": bulk.headers["Fieldstone-Operation"],
        "share": made(f"/data/deal/{deal}/shares", json=EVERYBODY),
        "file": made(f"/data/deal/{deal}/files?name=a.txt", **FILE),
        "asked": made(f"/data/deal/{deal}/transitions/send", json={}),
    }


def filled(value: Any, world: dict[str, str]) -> Any:
    """What is sent, with ids in place of their names."""
    text = json.dumps(value)
    for name, id_ in world.items():
        text = text.replace(f"{{{name}}}", id_)
    return json.loads(text)


def sent(api: ApiClient, call: str, world: dict[str, str]) -> TestResponse:
    """The answer to one of the calls, read to its end."""
    method, path = filled(call, world).split(" ")
    options = {name: filled(value, world) if name == "json" else value for name, value in CALLS[call].items()}
    answer = api.send(method, path, **options)
    answer.get_data()
    return answer


def everything(app: App) -> list[object]:
    """How much there is of what calls write."""
    tables = [f"(SELECT count(*) FROM {table.strip()})" for table in TABLES.split(",")]
    return list(app.sql(f"SELECT {', '.join(tables)}, (SELECT max(version) FROM main.deal)")[0])


@pytest.mark.parametrize("call", CALLS)
def test_a_call_whose_statement_is_stopped_is_a_503_that_says_so_and_writes_nothing(
    app: App, api: ApiClient, world: dict[str, str], call: str
) -> None:
    before = everything(app)
    with holding(app, f"LOCK TABLE {TABLES} IN ACCESS EXCLUSIVE MODE") as hold, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(sent, api, call, world)
        hold.cancel()
        told = assert_problem(answer.result(60), 503, "too_slow")
    assert "narrow" in told["detail"]
    assert everything(app) == before
    assert api.get("/data/deal?limit=1").status_code == 200


def about_records(rule: Rule) -> bool:
    """Whether a route of the API is about records, and not about the documents that declare them."""
    return rule.endpoint.startswith("api.") and not rule.rule.startswith("/api/v1/metadata/")


def test_every_call_about_records_is_here(app: App, web_of: WebOf) -> None:
    routes = web_of(app).url_map
    known = {rule.endpoint for rule in routes.iter_rules() if about_records(rule)}
    asked = [call.partition("?")[0].split(" ") for call in CALLS]
    found = {routes.bind("").match(f"/api/v1{path}", method=method)[0] for method, path in asked}
    assert known - found == ASKS_NOTHING
