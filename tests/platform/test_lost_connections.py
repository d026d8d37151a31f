"""Connections to the database that are ended while nobody uses them, amid a call, and amid its commit."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.deals import DEALS
from fieldstone_testing.holds import (
    MARK,
    closed_gate,
    end_connections,
    holding,
    in_use,
    put_gate_at_commit,
    until,
)
from fieldstone_testing.journals import contradictions
from fieldstone_testing.problems import assert_problem

CHIEF = """
---
kind: role
name: chief
inherits: [manager]
entities:
  deal: {share: true}
capabilities: [bulk_edit, import, export]
"""
LINES = {"headers": {"Content-Type": "application/x-ndjson"}, "data": b'{"name": "A"}\n'}
KEY = {"headers": {"Idempotency-Key": "{deal}"}}
READS: dict[str, dict[str, Any]] = {
    "GET /data/deal": {},
    "GET /data/deal/{deal}": {},
    "GET /data/deal?count=exact": {},
    "GET /data/deal/export": {},
    "GET /data/deal/{deal}/history": {},
    "GET /data/deal/{deal}/transitions": {},
    "GET /search?q=pump": {},
    "POST /data/deal/query": {"json": {"rows": ["stage"]}},
    "POST /explain": {"json": {"entity": "deal", "verb": "read", "id": "{deal}"}},
}
WRITES: dict[str, dict[str, Any]] = {
    "POST /data/deal": {"json": {"name": "A"}},
    "POST /data/deal?duplicates=accept": {"json": {"name": "A"}, **KEY},
    "POST /data/deal?partial=true": {"json": {"records": [{"name": "A"}, {"name": "B"}]}},
    "POST /data/deal/bulk": LINES,
    "PATCH /data/deal/{deal}": {"json": {"quantity": 7}},
    "PUT /data/customer/by/code/new": {"json": {"name": "A"}},
    "POST /data/deal/{deal}/shares": {"json": {"with": {"role": "guest"}}},
    "POST /data/deal/{deal}/transitions/lose": {"json": {}},
}
TABLES = "main.deal, main.customer, main_system.history"


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(DEALS + CHIEF)
    put_gate_at_commit(app, "main.customer", f"WHEN (NEW.name = '{MARK}')")
    return app


@pytest.fixture
def api(app: App, client: Callable[[App, str], ApiClient]) -> ApiClient:
    return client(app, app.token("Ann", ["chief"], ["North"]))


@pytest.fixture
def deal(api: ApiClient) -> str:
    return str(api.post("/data/deal", {"name": "Pump"}).json["id"])


def filled(value: object, deal: str) -> Any:
    return json.loads(json.dumps(value).replace("{deal}", deal))


def sent(api: ApiClient, call: str, deal: str) -> TestResponse:
    method, path = call.replace("{deal}", deal).split(" ")
    options = (READS | WRITES)[call]
    named = {name: filled(options[name], deal) for name in ("json", "headers") if name in options}
    answer = api.send(method, path, **options | named)
    answer.get_data()
    return answer


@pytest.mark.parametrize("call", READS | WRITES)
def test_connections_that_ended_while_nobody_used_them_are_replaced_and_nobody_is_told(
    app: App, api: ApiClient, deal: str, call: str
) -> None:
    api.get("/data/deal")
    end_connections(app)
    assert sent(api, call, deal).status_code < 300


def everything(app: App) -> list[object]:
    counts = [f"(SELECT count(*) FROM {table})" for table in TABLES.split(", ")]
    return list(app.sql(f"SELECT {', '.join(counts)}, (SELECT sum(version) FROM main.deal)")[0])


@pytest.mark.parametrize("call", WRITES)
def test_a_write_whose_connection_ends_is_a_503_has_written_nothing_and_can_be_repeated(
    app: App, api: ApiClient, deal: str, call: str
) -> None:
    before = everything(app)
    with holding(app, f"LOCK TABLE {TABLES} IN EXCLUSIVE MODE") as hold, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(sent, api, call, deal)
        hold.disconnect()
        assert_problem(answer.result(60), 503, "unavailable")
    assert everything(app) == before
    until(lambda: not in_use(app))
    assert sent(api, call, deal).status_code < 300
    assert contradictions(app, "deal", "customer") == []


@pytest.mark.parametrize("call", READS)
def test_a_read_whose_connection_ends_is_answered_on_another_one_or_is_a_503(
    app: App, api: ApiClient, deal: str, call: str
) -> None:
    sent(api, call, deal)
    lock = f"LOCK TABLE {TABLES} IN ACCESS EXCLUSIVE MODE"
    with holding(app, lock) as hold, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(sent, api, call, deal)
        hold.disconnect()
        hold.release()
        assert answer.result(60).status_code in (200, 503)
    assert sent(api, call, deal).status_code == 200


def test_a_commit_whose_connection_ends_is_told_as_in_doubt_and_repeated_safely_with_a_key(
    app: App, api: ApiClient
) -> None:
    def create() -> TestResponse:
        return api.post("/data/customer", {"name": MARK}, headers={"Idempotency-Key": "doubt"})

    with closed_gate(app) as gate, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(create)
        gate.disconnect()
        told = assert_problem(answer.result(60), 504, "in_doubt")
    assert "Idempotency-Key" in told["detail"]
    assert create().status_code == 201
    assert create().headers["Idempotency-Replayed"] == "true"
    assert app.sql("SELECT count(*) FROM main.customer WHERE name = :name", name=MARK) == [(1,)]
