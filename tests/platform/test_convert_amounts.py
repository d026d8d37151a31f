"""`base` and `convert` wherever documents take logic, on records in several currencies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from fieldstone import records
from fieldstone.errors import Invalid
from fieldstone.publication.layers import combined_layers
from fieldstone.records import Change
from fieldstone_metadata import check
from fieldstone_testing import ApiClient, App, AppFactory
from fieldstone_testing.apps import layer_from

APP = """
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
  worth: {type: formula, expression: sum(deals.amount)}
  kept_worth: {type: formula, expression: sum(deals.amount), stored: true}
  dollars: {type: formula, expression: "convert(sum(deals.amount), 'USD')"}
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  account: {type: reference, to: account, inverse: deals}
  amount: {type: money}
  fee: {type: money}
  limit: {type: decimal, default: =base(amount) / fee}
  grade: {type: text}
  net: {type: formula, expression: amount - fee}
  in_euros: {type: formula, expression: base(amount)}
  kept_euros: {type: formula, expression: base(amount) * 2, stored: true, index: true}
  in_dollars: {type: formula, expression: "convert(amount, 'USD')"}
  large: {type: formula, expression: "convert(amount, 'USD') >= 200 USD"}
  reason: {type: text, required: base(amount) > 1000}
---
kind: role
name: rep
entities:
  account: {read: true}
  exchange_rate: {read: true}
  deal: {create: true, read: base(amount) < 500, update: true}
---
kind: role
name: blind
entities:
  deal: {read: true, fields: {amount: {read: false}}}
"""
RULES = """
trigger grading on deal before save {
  set grade = if base(amount) > 100 then "large" else "small"
}
validation not_too_large on deal {
  check convert(amount, 'USD') < 10000 USD
  message "Too large"
}
"""
RATES = [
    {"currency_code": "USD", "rate": "0.5", "valid_from": "2026-01-01"},
    {"currency_code": "DKK", "rate": "0.125", "valid_from": "2026-01-01"},
    {"currency_code": "USD", "rate": "0.25", "valid_from": "2026-06-01"},
]
DEALS: list[dict[str, Any]] = [
    {"name": "Pump", "amount": "100", "currency": "USD", "fee": "10"},
    {"name": "Valve", "amount": "800", "currency": "DKK", "fee": "8"},
    {"name": "Mill", "amount": "120", "currency": "EUR", "fee": "20"},
    {"name": "Idea"},
]
MARCH = datetime(2026, 3, 2, 12, tzinfo=UTC)
JULY = datetime(2026, 7, 2, 12, tzinfo=UTC)


def _filled(app: App) -> App:
    records.create(app.system, "exchange_rate", RATES)
    ann = app.context_for("Ann", ["admin"], now=MARCH)
    acme = records.create(ann, "account", [{"name": "Acme"}])[0].id
    records.create(ann, "deal", [deal | {"account": str(acme)} for deal in DEALS])
    return app


@pytest.fixture
def app(app_from: AppFactory) -> App:
    return _filled(app_from(APP, **{"deals.rules": RULES}))


@pytest.fixture(scope="module")
def shared(module_app_from: AppFactory) -> App:
    return _filled(module_app_from(APP, **{"deals.rules": RULES}))


@pytest.fixture
def api(shared: App, client: Callable[..., ApiClient]) -> ApiClient:
    return client(shared, shared.token("Ann", ["admin"]))


def names(api: ApiClient, query: str) -> list[str]:
    answer = api.get(f"/data/deal?{query}")
    assert answer.status_code == 200, answer.json
    return [deal["name"] for deal in answer.json["data"]]


def values(api: ApiClient, field: str) -> list[Any]:
    return [deal[field] for deal in api.get("/data/deal?order=created_at,id").json["data"]]


def test_a_formula_gives_the_organisations_amount_at_the_rate_of_the_save(api: ApiClient) -> None:
    assert sorted(values(api, "in_euros"), key=str) == ["100.00", "120.00", "50.00", None]
    assert sorted(values(api, "kept_euros"), key=str) == ["100.00", "200.00", "240.00", None]


def test_a_formula_converts_to_another_currency_at_todays_rate(api: ApiClient) -> None:
    assert sorted(values(api, "in_dollars"), key=str) == ["100.00", "400.00", "480.00", None]
    assert names(api, "where=large&order=name") == ["Mill", "Valve"]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("base(amount) > 60", ["Mill", "Valve"]),
        ("base(amount - fee) == 99", ["Valve"]),
        ("base(net) == 99", ["Valve"]),
        ("convert(amount, 'USD') == 400 USD", ["Valve"]),
        ("convert(amount, 'DKK') <= 800 DKK", ["Pump", "Valve"]),
        ("convert(amount, 'GBP') == null", ["Idea", "Mill", "Pump", "Valve"]),
        ("amount > 60 EUR", ["Mill", "Valve"]),
        ("amount == max(entity.deal.amount)", ["Mill"]),
        ("amount > average(entity.deal.amount)", ["Mill", "Valve"]),
        ("base(amount) * 2 >= kept_euros", ["Mill", "Pump", "Valve"]),
    ],
)
def test_callers_filter_by_converted_amounts(api: ApiClient, where: str, found: list[str]) -> None:
    assert names(api, f"order=name&where={where.replace('+', '%2B')}") == found


@pytest.mark.parametrize("field", ["amount", "in_euros", "kept_euros", "in_dollars", "net"])
def test_amounts_are_sorted_by_what_they_are_worth(api: ApiClient, field: str) -> None:
    assert names(api, f"order={field}&where=amount != null") == ["Pump", "Valve", "Mill"]


def test_the_sum_of_amounts_of_several_currencies_is_the_organisations(api: ApiClient) -> None:
    (account,) = api.get("/data/account").json["data"]
    assert (account["worth"], account["kept_worth"], account["dollars"]) == ("270.00", "270.00", "1080.00")


def test_permissions_compare_converted_amounts(shared: App, client: Callable[..., ApiClient]) -> None:
    rep = client(shared, shared.token("Bob", ["rep"]))
    assert names(rep, "order=name") == ["Mill", "Pump", "Valve"]


def test_who_may_not_read_an_amount_cannot_ask_for_what_it_is_worth(
    shared: App, client: Callable[..., ApiClient]
) -> None:
    answer = client(shared, shared.token("Eve", ["blind"])).get("/data/deal?where=base(amount) > 1")
    assert answer.status_code == 400


def test_rules_and_conditions_of_a_save_see_converted_amounts(app: App) -> None:
    kept = app.sql('SELECT name, grade, "limit" FROM main.deal ORDER BY name')
    assert [tuple(row) for row in kept] == [
        ("Idea", "small", None),
        ("Mill", "large", Decimal(6)),
        ("Pump", "small", Decimal(5)),
        ("Valve", "small", Decimal("12.5")),
    ]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"amount": "9000", "currency": "DKK"}, "required"),
        ({"amount": "10000", "currency": "USD", "reason": "x"}, "validation"),
    ],
)
def test_conditions_and_validations_judge_what_an_amount_is_worth(
    app: App, sent: dict[str, str], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        records.create(app.context_for("Ann", ["admin"], now=MARCH), "deal", [{"name": "Big", **sent}])
    assert [error.code for error in refused.value.errors] == [code]


def test_the_organisations_amount_keeps_its_rate_and_the_other_one_follows_the_newest(app: App) -> None:
    later = app.context_for("Ann", ["admin"], now=JULY)
    mill = app.sql("SELECT id FROM main.deal WHERE name = 'Pump'")[0][0]
    records.update(later, "deal", [Change(mill, {"name": "Old pump"})])
    assert app.sql("SELECT kept_euros FROM main.deal WHERE name = 'Old pump'")[0][0] == 100
    records.update(later, "deal", [Change(mill, {"amount": "200"})])
    kept = app.sql("SELECT kept_euros, grade FROM main.deal WHERE name = 'Old pump'")[0]
    assert tuple(kept) == (Decimal(100), "small")


KEPT = """---
kind: entity
name: rate_of_today
fields:
  name: {type: text}
  amount: {type: money}
  kept: {type: formula, expression: "convert(amount, 'USD')", stored: true}
"""


def test_what_follows_todays_rate_cannot_be_kept() -> None:
    checked = check(combined_layers([layer_from(APP + KEPT)], ()))
    assert [problem.code for problem in checked.errors] == ["not_allowed"]
