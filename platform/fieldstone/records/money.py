"""Amounts: in the record's currency with its decimals, and converted to the organisation's when they change.

Decimals of a currency: ISO 4217, as the CLDR data of Babel tell them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import sqlalchemy as sa
from babel.numbers import get_currency_precision
from sqlalchemy.dialects import postgresql

from fieldstone.fields.money import BASE
from fieldstone.model.model import Field
from fieldstone.model.organisation import organisation_currency, organisation_zone
from fieldstone.records.batch import Batch, Item
from fieldstone.records.labels import field_label
from fieldstone.records.shape import shape_of

CURRENCY = "currency"
RATES = "exchange_rate"


def settle_amounts(batch: Batch) -> None:
    """Round the amounts of a batch and bring those in the organisation's currency up to date."""
    _round(batch)
    _convert(batch)


def _round(batch: Batch) -> None:
    """Round every amount to the decimals of its record's currency, half away from zero."""
    for field in shape_of(batch.entity).money:
        for item in batch.items:
            amount = item.new[field.name]
            if amount is not None:
                item.new[field.name] = rounded(amount, item.new[CURRENCY])


def rounded(amount: Decimal, currency: str) -> Decimal:
    """An amount with the decimals of its currency."""
    return amount.quantize(_unit(currency), ROUND_HALF_UP)


@cache
def _unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-get_currency_precision(currency))


def _convert(batch: Batch) -> None:
    """Convert where an amount or its currency changed; others keep their rate. An amount without a rate has
    none; `check_rates` refuses it.
    """
    changed = _changed(batch)
    rates = _rates(batch, {item.new[CURRENCY] for item, field in changed if item.new[field.name] is not None})
    for item, field in changed:
        item.new[base_key(field)] = _converted(batch, item, field, rates)


def check_rates(batch: Batch) -> None:
    """Refuse amounts in currencies without a rate."""
    unknown = {
        (item.position, item.new[CURRENCY])
        for item, field in _changed(batch)
        if item.new[field.name] is not None and item.new[base_key(field)] is None
    }
    for position, currency in unknown:
        message = f"There is no exchange rate from {currency} to {organisation_currency(batch.model)}."
        batch.refusals.add(position, CURRENCY, "no_exchange_rate", message)


def base_key(field: Field) -> str:
    """The column, and the key in a record, of an amount in the organisation's currency."""
    return f"{field.name}{BASE}"


def check_currency(batch: Batch) -> None:
    """A record with amounts always has a currency."""
    if CURRENCY not in batch.entity.system:
        return
    for item in batch.items:
        if item.new[CURRENCY] is None:
            label = field_label(batch.entity.system[CURRENCY], batch.context.principal.locale)
            batch.refuse(item, CURRENCY, "required", f"{label} is required.")
            item.new[CURRENCY] = organisation_currency(batch.model)


def _converted(batch: Batch, item: Item, field: Field, rates: Mapping[str, Decimal]) -> Decimal | None:
    amount, rate = item.new[field.name], rates.get(item.new[CURRENCY])
    if amount is None or rate is None:
        return None
    return rounded(amount * rate, organisation_currency(batch.model))


def _changed(batch: Batch) -> list[tuple[Item, Field]]:
    """The amounts that are new, or in another currency than before."""
    return [
        (item, field)
        for item in batch.items
        for field in shape_of(batch.entity).money
        if item.is_new or any(item.new[name] != item.old[name] for name in (field.name, CURRENCY))
    ]


def _rates(batch: Batch, currencies: set[str]) -> dict[str, Decimal]:
    """Currency → what one unit of it is worth in the organisation's, today."""
    own = organisation_currency(batch.model)
    rates = {own: Decimal(1)}
    foreign = sorted(currencies - {own})
    table = batch.model.entities.get(RATES)
    if not foreign or table is None:
        return rates
    return rates | _ask_rates(batch, table.table, foreign)


def _ask_rates(batch: Batch, table: sa.Table, currencies: list[str]) -> dict[str, Decimal]:
    """The newest rate of each currency that is not in the future."""
    today = batch.context.now.astimezone(organisation_zone(batch.model)).date()
    statement = (
        sa.select(table.c.currency_code, table.c.rate)
        .ext(postgresql.distinct_on(table.c.currency_code))
        .where(
            table.c.currency_code.in_(currencies), table.c.deleted_at.is_(None), table.c.valid_from <= today
        )
        .order_by(table.c.currency_code, table.c.valid_from.desc())
    )
    return {currency: Decimal(rate) for currency, rate in batch.connection.execute(statement)}
