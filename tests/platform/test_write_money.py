"""Amounts and their currencies: rounding, conversion, and rates that stay with the record."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from fieldstone import records
from fieldstone.errors import Invalid
from fieldstone.records import Change
from fieldstone_testing import App, AppFactory

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
  amount: {type: money, min: 0}
  fee: {type: money}
  half: {type: formula, expression: amount / 2, stored: true}
"""
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def app(app_from: AppFactory) -> App:
    found = app_from(DEALS)
    records.create(
        found.system,
        "exchange_rate",
        [
            {"currency_code": "DKK", "rate": "0.134", "valid_from": "2026-01-01"},
            {"currency_code": "DKK", "rate": "0.14", "valid_from": "2026-03-01"},
            {"currency_code": "DKK", "rate": "9", "valid_from": "2026-12-01"},
            {"currency_code": "JPY", "rate": "0.006", "valid_from": "2026-01-01"},
        ],
    )
    return found


def create(app: App, **values: object) -> object:
    ann = app.context_for("Ann", ["admin"], now=NOW)
    return records.create(ann, "deal", [{"name": "Pump", **values}])[0].id


def stored(app: App, columns: str = "currency, amount, amount__base") -> tuple[object, ...]:
    return tuple(app.sql(f"SELECT {columns} FROM main.deal")[0])


def test_an_amount_is_in_the_organisations_currency_by_default(app: App) -> None:
    create(app, amount="10.005")
    assert stored(app) == ("EUR", Decimal("10.01"), Decimal("10.01"))


def test_a_foreign_amount_is_converted_at_the_newest_rate_that_is_valid_today(app: App) -> None:
    create(app, amount="100.50", currency="DKK")
    assert stored(app) == ("DKK", Decimal("100.50"), Decimal("14.07"))


def test_an_amount_has_the_decimals_of_its_currency_rounded_half_away_from_zero(app: App) -> None:
    create(app, amount="100.5", currency="JPY", fee="-0.5")
    assert stored(app, "amount, fee, half") == (Decimal("101"), Decimal("-1"), Decimal("50.5"))


def test_a_stored_formula_sees_the_rounded_amount(app: App) -> None:
    create(app, amount="10.005")
    assert stored(app, "half") == (Decimal("5.005"),)


def test_the_rate_stays_until_the_amount_or_its_currency_changes(app: App) -> None:
    found = create(app, amount="100", currency="DKK")
    later = app.context_for("Ann", now=datetime(2026, 12, 2, tzinfo=UTC))
    records.update(later, "deal", [Change(found, {"name": "Valve", "fee": "1"})])
    assert stored(app, "amount__base, fee__base") == (Decimal("14.00"), Decimal("9.00"))
    records.update(later, "deal", [Change(found, {"amount": "200"})])
    assert stored(app) == ("DKK", Decimal("200.00"), Decimal("1800.00"))
    records.update(later, "deal", [Change(found, {"currency": "EUR"})])
    assert stored(app, "amount__base, fee__base") == (Decimal("200.00"), Decimal("1.00"))


def test_a_currency_without_a_rate_is_refused_where_there_is_an_amount(app: App) -> None:
    with pytest.raises(Invalid, match=re.escape("There is no exchange rate from CHF to EUR.")) as caught:
        create(app, amount="1", currency="CHF")
    assert [(error.field, error.code) for error in caught.value.errors] == [("currency", "no_exchange_rate")]
    create(app, currency="CHF")
    assert stored(app) == ("CHF", None, None)


def test_a_record_with_amounts_always_has_a_currency(app: App) -> None:
    found = create(app, currency=None)
    with pytest.raises(Invalid) as caught:
        records.update(app.context_for("Ann"), "deal", [Change(found, {"currency": None})])
    assert [(error.field, error.code) for error in caught.value.errors] == [("currency", "required")]


@pytest.mark.parametrize(
    ("amount", "code"), [("-1", "too_small"), ("1e15", "out_of_range"), ("NaN", "not_a_number")]
)
def test_an_amount_out_of_range_is_refused(app: App, amount: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        create(app, amount=amount)
    assert [(error.field, error.code) for error in caught.value.errors] == [("amount", code)]
