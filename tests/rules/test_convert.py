# ruff: noqa: ARG002 - the protocol names its parameters
"""`convert` brings amounts into another currency by way of the organisation's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from fieldstone_rules import (
    CollectionSource,
    EntitySchema,
    Environment,
    FieldSchema,
    Kind,
    Ref,
    Row,
    RuleError,
    Scope,
    Type,
    check_expression,
    compile_closure,
    compile_python,
)
from fieldstone_rules.lowerable import why_not_lowerable
from fieldstone_rules.types import simple


def entity(name: str, **kinds: Kind) -> EntitySchema:
    fields = {key: FieldSchema(key, simple(kind), converted=key == "price") for key, kind in kinds.items()}
    return EntitySchema(name, fields)


ENTITIES = {
    "offer": entity("offer", price=Kind.MONEY, currency=Kind.TEXT, bare=Kind.MONEY),
    "exchange_rate": entity(
        "exchange_rate", currency_code=Kind.TEXT, valid_from=Kind.DATE, rate=Kind.DECIMAL
    ),
}
RATES = [
    ("USD", date(2020, 1, 1), Decimal("0.8")),
    ("USD", date(2021, 1, 1), Decimal("0.5")),
    ("USD", date(2999, 1, 1), Decimal(9)),
    ("GBP", date(2021, 1, 1), Decimal(2)),
]


class Shop:
    """A schema of offers and rates, and their records."""

    def entity(self, name: str) -> EntitySchema | None:
        return ENTITIES.get(name)

    def entity_names(self) -> Iterable[str]:
        return ENTITIES

    def settings(self) -> Mapping[str, Mapping[str, Type]]:
        return {}

    def roles(self) -> Iterable[str]:
        return ()

    def record(self, ref: Ref) -> Row | None:
        return None

    def collection(self, source: CollectionSource, of: Ref | None) -> Sequence[Row]:
        names = ("currency_code", "valid_from", "rate")
        rates = [{"id": UUID(int=i), **dict(zip(names, rate, strict=True))} for i, rate in enumerate(RATES)]
        offers = [{"id": UUID(int=9), "price": Decimal(1), "price__base": Decimal(30), "currency": "SEK"}]
        return rates if source.entity == "exchange_rate" else offers


def value(source: str, currency: str, base: int) -> Any:
    expression = check_expression(source, Scope(Shop(), "offer"))
    record = {"price": Decimal(10), "price__base": Decimal(base), "currency": currency}
    facts = Environment(record=record, related=Shop(), now=datetime(2026, 3, 1, tzinfo=UTC))
    found = compile_closure(expression)(facts)
    assert found == compile_python(expression)(facts)
    assert not list(why_not_lowerable(expression.tree))
    return found


@pytest.mark.parametrize(
    ("source", "currency", "base", "found"),
    [
        ("convert(price, 'USD')", "EUR", 10, 20),
        ("convert(price, 'USD')", "USD", 5, 10),
        ("convert(price, 'USD')", "GBP", 20, 40),
        ("convert(price, 'EUR')", "USD", 5, 5),
        ("convert(price, 'EUR')", "EUR", 10, 10),
        ("convert(price, 'SEK')", "EUR", 10, None),
        ("convert(sum(entity.offer.price), 'USD')", "EUR", 10, 60),
        ("convert(price * 2, 'USD')", "GBP", 20, 80),
        ("convert(price * 2, 'USD')", "USD", 5, 20),
        ("convert(if price > 9 then price else 0 * price, 'USD')", "GBP", 20, 40),
        ("convert(10 USD, 'GBP')", "EUR", 10, Decimal("2.5")),
        ("base(10 GBP)", "EUR", 10, 20),
        ("base(convert(price, 'GBP'))", "USD", 5, 5),
    ],
)
def test_an_amount_is_converted_at_the_newest_rate(
    source: str, currency: str, base: int, found: int | None
) -> None:
    assert value(source, currency, base) == found


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("convert(price, 'usd')", "currency"),
        ("convert(price, currency)", "currency"),
        ("convert(5, 'USD')", "type"),
        ("convert(bare, 'USD')", "currency"),
        ("base(bare)", "currency"),
        ("base(5)", "type"),
        ("convert(price, 'USD') > 100 EUR", "currency"),
        ("convert(price)", "arguments"),
    ],
)
def test_what_cannot_be_converted_is_refused(source: str, code: str) -> None:
    with pytest.raises(RuleError) as refused:
        check_expression(source, Scope(Shop(), "offer"))
    assert refused.value.problems[0].code == code
