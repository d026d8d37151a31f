"""A question that takes too long is stopped, and the caller is told to narrow it down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from fieldstone.database.database import Database
from fieldstone_testing import App, AppFactory
from fieldstone_testing.clients import ApiClient
from fieldstone_testing.problems import assert_problem
from fieldstone_testing.waiting import until

DEALS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
---
kind: role
name: rep
inherits: [employee]
entities:
  deal: {read: true}
capabilities: [export]
"""
SLOW = "count(deal where contains(record.name, name)) > 100"
"""Of no deal, so that each of them is compared with all."""


@pytest.fixture(scope="module")
def patient(module_app_from: AppFactory) -> App:
    """20,000 deals."""
    app = module_app_from(DEALS)
    author = str(app.system.principal.user)
    app.sql(
        "INSERT INTO main.deal (name, created_by, updated_by)"
        " SELECT 'Deal ' || i, CAST(:author AS uuid), CAST(:author AS uuid) FROM generate_series(1, 20000) i",
        author=author,
    )
    return app


@pytest.fixture(scope="module")
def impatient(patient: App) -> Iterator[App]:
    """The same app on a database that stops every statement after half a second."""
    database = Database(patient.database.url, tenant=patient.database.schema, statement_timeout=0.5)
    yield replace(patient, database=database)
    database.close()


@pytest.fixture
def api(patient: App, impatient: App, client: Callable[[App, str], ApiClient]) -> ApiClient:
    return client(impatient, patient.token("Ann", ["rep"]))


def test_a_list_a_pivot_and_an_export_that_take_too_long_are_a_503_that_says_so(api: ApiClient) -> None:
    asked: dict[str, Any] = {"query_string": {"where": SLOW}}
    answers = [
        api.get("/data/deal", **asked),
        api.get("/data/deal", query_string={"where": SLOW, "count": "exact"}),
        api.post("/data/deal/query", {"where": SLOW, "rows": ["name"]}),
        api.get("/data/deal/export", **asked),
    ]
    told = [assert_problem(answer, 503, "too_slow") for answer in answers]
    assert all("narrow" in problem["detail"] for problem in told)
    until(lambda: api.get("/data/deal?limit=1").status_code == 200)


def test_comparing_roles_that_takes_too_long_is_a_503_that_says_so(
    patient: App, impatient: App, client: Callable[[App, str], ApiClient]
) -> None:
    role = {"kind": "role", "name": "rep", "entities": {"deal": {"read": SLOW}}}
    root = client(impatient, patient.token("Root", ["admin"]))
    assert_problem(root.post("/explain", {"what_if": {"role": role}}), 503, "too_slow")
