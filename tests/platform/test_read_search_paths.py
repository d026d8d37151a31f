"""Searching through references, and money formulas of records in several currencies."""

from __future__ import annotations

import pytest

from fieldstone import records
from fieldstone.records import Measure, Query
from fieldstone_testing import App, AppFactory

DEALS = """
kind: app
name: sales
version: 1.0.0
requires: {core: ">=1"}
---
kind: entity
name: account
fields:
  name: {type: text, required: true}
  rating: {type: text}
---
kind: entity
name: deal
search: [name, account.name, account.rating]
fields:
  name: {type: text}
  account: {type: reference, to: account}
  amount: {type: money}
  half: {type: formula, expression: amount / 2}
  quarter: {type: formula, expression: half / 2}
---
kind: role
name: rep
inherits: [employee]
entities:
  account: {read: name != "Hidden Ltd", fields: {rating: {read: false}}}
  deal: {read: true}
"""


@pytest.fixture(scope="module")
def app(module_app_from: AppFactory) -> App:
    app = module_app_from(DEALS)
    rate = {"currency_code": "DKK", "rate": "0.1", "valid_from": "2020-01-01"}
    records.create(app.system, "exchange_rate", [rate])
    acme, hidden = records.create(
        app.system, "account", [{"name": "Åcme Pumps", "rating": "poor"}, {"name": "Hidden Ltd"}]
    )
    records.create(
        app.system,
        "deal",
        [
            {"name": "North", "account": str(acme.id), "amount": "100", "currency": "EUR"},
            {"name": "South", "account": str(hidden.id), "amount": "600", "currency": "DKK"},
            {"name": "Pumps for the west", "amount": None},
        ],
    )
    return app


def names(app: App, context, q: str) -> set[str]:
    return {record["name"] for record in records.list(context, "deal", Query(q=q, fields=("name",))).data}


def test_a_word_may_stand_in_the_record_or_behind_a_reference(app):
    assert names(app, app.system, "pumps") == {"North", "Pumps for the west"}
    assert names(app, app.system, "åCME north") == {"North"}


def test_nobody_finds_a_record_by_what_they_may_not_read_behind_a_reference(app):
    rep = app.context_for("Ann", roles=["rep"])
    assert names(app, app.system, "hidden") == {"South"}
    assert names(app, rep, "hidden") == set()
    assert names(app, app.system, "poor") == {"North"}
    assert names(app, rep, "poor") == set()


@pytest.mark.parametrize(("q", "found"), [("hidden", set()), ("poor", set()), ("åcme", {"North"})])
def test_counting_picking_and_searching_everywhere_find_no_more_than_a_list(app, q, found):
    rep = app.context_for("Ann", roles=["rep"])
    assert names(app, rep, q) == found
    assert records.list(rep, "deal", Query(q=q, count="exact")).count == len(found)
    assert [one.title for one in records.lookup(rep, "deal", q)] == sorted(found)
    assert [one.title for one in records.search_everywhere(rep, ["deal"], q, 10)] == sorted(found)


def test_money_formulas_are_summed_in_the_currency_of_the_organisation(app):
    measures = {name: Measure("sum", name) for name in ("amount", "half", "quarter")}
    [group] = records.aggregate(app.system, "deal", Query(), (), measures)
    assert group.measures == {"amount": "160.00", "half": "80.00", "quarter": "40.00"}


def test_money_formulas_are_shown_in_the_currency_of_the_record_and_ordered_in_the_organisations(app):
    page = records.list(app.system, "deal", Query(fields=("name", "half"), order=("-half",)))
    assert [(record["name"], record["half"]) for record in page.data] == [
        ("North", "50.00"),
        ("South", "300.00"),
        ("Pumps for the west", None),
    ]
