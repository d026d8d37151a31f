"""Counts and sums in groups."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.records import Measure, Query
from fieldstone_testing import App, AppFactory

DEALS = """
kind: app
name: sales
label: Sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
---
kind: entity
name: deal
search: [name]
fields:
  name: {type: text}
  account: {type: reference, to: account}
  stage: {type: choice, options: [open, won]}
  amount: {type: money}
  pieces: {type: integer}
  weight: {type: decimal, precision: 8, scale: 3}
  discount: {type: percent}
  closes: {type: date}
  doubled: {type: formula, expression: pieces * 2}
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(DEALS)
    [acme] = records.create(app.system, "account", [{"name": "Acme"}])
    rows = [
        ("open", "10.50", 1, "0.125", "10", "2026-01-01", str(acme.id)),
        ("open", "20", 2, "0.250", "20", "2026-02-01", str(acme.id)),
        ("won", "100", None, None, None, None, None),
        (None, None, 4, "1", None, "2025-01-01", None),
    ]
    names = ("stage", "amount", "pieces", "weight", "discount", "closes", "account")
    records.create(
        app.system, "deal", [dict(zip(names, row, strict=True)) | {"name": "deal"} for row in rows]
    )
    return app


MEASURES = {
    "records": Measure("count"),
    "with_pieces": Measure("count", "pieces"),
    "value": Measure("sum", "amount"),
    "pieces": Measure("sum", "pieces"),
    "weight": Measure("sum", "weight"),
    "mean": Measure("average", "amount"),
    "discount": Measure("average", "discount"),
    "first": Measure("min", "closes"),
    "last": Measure("max", "closes"),
    "doubled": Measure("max", "doubled"),
}


def test_each_group_has_its_measures(app: App) -> None:
    groups = records.aggregate(app.system, "deal", Query(), ("stage",), MEASURES)
    assert {group.by["stage"]: group.measures for group in groups} == {
        "open": {
            "records": 2,
            "with_pieces": 2,
            "value": "30.50",
            "pieces": 3,
            "weight": "0.375",
            "mean": "15.25",
            "discount": "15",
            "first": "2026-01-01",
            "last": "2026-02-01",
            "doubled": 4,
        },
        "won": {
            "records": 1,
            "with_pieces": 0,
            "value": "100.00",
            "pieces": 0,
            "weight": "0",
            "mean": "100.00",
            "discount": None,
            "first": None,
            "last": None,
            "doubled": None,
        },
        None: {
            "records": 1,
            "with_pieces": 1,
            "value": "0.00",
            "pieces": 4,
            "weight": "1",
            "mean": None,
            "discount": None,
            "first": "2025-01-01",
            "last": "2025-01-01",
            "doubled": 8,
        },
    }


def test_the_largest_group_comes_first(app: App) -> None:
    groups = records.aggregate(app.system, "deal", Query(), ("stage",))
    assert groups[0].by == {"stage": "open"}
    assert [group.measures["count"] for group in groups] == [2, 1, 1]


def test_without_groups_there_is_one_even_of_nothing(app: App) -> None:
    measures = {"n": Measure("count"), "value": Measure("sum", "amount")}
    [every] = records.aggregate(app.system, "deal", Query(), (), measures)
    [none] = records.aggregate(app.system, "deal", Query(where="false"), (), measures)
    assert (every.measures, none.measures) == ({"n": 4, "value": "130.50"}, {"n": 0, "value": "0.00"})


def test_records_can_be_grouped_by_what_they_refer_to(app: App) -> None:
    groups = records.aggregate(app.system, "deal", Query(), ("account", "account.name"))
    assert {group.by["account.name"]: group.measures["count"] for group in groups} == {"Acme": 2, None: 2}
    assert {(group.by["account"] or {}).get("title") for group in groups} == {"Acme", None}


def test_groups_are_of_the_records_that_the_query_asks_for(app: App) -> None:
    groups = records.aggregate(app.system, "deal", Query(where="amount > 15", q="deal"), ("stage",))
    assert {group.by["stage"]: group.measures["count"] for group in groups} == {"open": 1, "won": 1}
