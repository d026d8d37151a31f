"""`base` and `convert`: an amount in the organisation's currency, and in any other at today's rate."""

from __future__ import annotations

import re
from dataclasses import replace

from lark import Token, Tree

from fieldstone_rules.amounts import currency_of, in_base
from fieldstone_rules.checking.arithmetic import operation
from fieldstone_rules.checking.context import Checking, Names, describe, is_null
from fieldstone_rules.functions import FUNCTIONS
from fieldstone_rules.parsing import span_of
from fieldstone_rules.spans import Span
from fieldstone_rules.tree import (
    Aggregate,
    And,
    Binding,
    Call,
    Choose,
    Collection,
    CollectionSource,
    Compare,
    Constant,
    Equal,
    Field,
    Gather,
    Node,
    OrderKey,
    OrganisationCurrency,
)
from fieldstone_rules.types import Kind, Type, collection, reference, simple

RATES = "exchange_rate"
"""The entity that keeps what a unit of a currency is worth in the organisation's, from a day on."""

_RATE_FIELDS = ("currency_code", "valid_from", "rate")
_CODE = re.compile("[A-Z]{3}")
_BOOLEAN = simple(Kind.BOOLEAN, nullable=False)
_TEXT = simple(Kind.TEXT, nullable=False)
_MONEY = simple(Kind.MONEY)


def base(checking: Checking, tree: Tree[Token], values: list[Tree[Token]], names: Names) -> Node:
    """`base(amount)`: the amount in the organisation's currency."""
    amount = checking.check(values[0], names)
    if is_null(amount):
        return Constant(_MONEY, span_of(tree), None)
    return _base(checking, amount, span_of(tree)) or _refused(checking, "base", values[0], amount)


def convert(checking: Checking, tree: Tree[Token], values: list[Tree[Token]], names: Names) -> Node:
    """`convert(amount, "USD")`: the amount itself where it is in that currency, else by way of the
    organisation's; null where there is no rate.
    """
    amount, code = (checking.check(value, names) for value in values)
    span = span_of(tree)
    if is_null(amount) or is_null(code):
        return Constant(_MONEY, span, None)
    if not isinstance(code, Constant) or not _CODE.fullmatch(str(code.value)):
        message = "The currency is written out as three capital letters, such as `'USD'`."
        return checking.report(values[1], "currency", message)
    if "today" in checking.forbidden:
        return checking.report(
            tree, "not_allowed", "`convert()` asks for today's rate and cannot be used here."
        )
    target = Constant(_TEXT, code.span, code.value)
    found = _in_target(checking, amount, target, span)
    if found is None:
        return _refused(checking, "convert", values[0], amount)
    return replace(found, type=Type(Kind.MONEY, options=(str(code.value),)))


def _in_target(checking: Checking, amount: Node, target: Constant, span: Span) -> Node | None:
    """An amount in another currency; None where it is not known which one it is in."""
    currency = currency_of(amount, checking.schema)
    if isinstance(currency, Constant) and currency.value == target.value:
        return amount
    organisation = _base(checking, amount, span)
    if organisation is None:
        return None
    elsewhere = _from_base(checking, organisation, target, span)
    if currency is None or isinstance(currency, OrganisationCurrency | Constant):
        return elsewhere
    return _if_same(currency, target, amount, elsewhere, span)


def _refused(checking: Checking, function: str, place: Tree[Token], amount: Node) -> Node:
    if amount.type.kind is Kind.MONEY:
        message = "It is not known here which currency this amount is in."
        return checking.report(place, "currency", message, "take the field of a record")
    message = f"`{function}` takes an amount of money, not a {describe(amount.type)}."
    return checking.report(place, "type", message)


def _base(checking: Checking, amount: Node, span: Span) -> Node | None:
    """The amount in the organisation's currency: at the rate stored with its record, or at today's if it has
    a currency of its own.
    """
    currency = currency_of(amount, checking.schema)
    if not isinstance(currency, Constant):
        return in_base(amount, checking.schema)
    rate = _rate(checking, currency, span)
    worth = Constant(_MONEY, span, None) if rate is None else _at_rate(checking, "*", amount, rate, span)
    return _if_same(OrganisationCurrency(_TEXT, span), currency, replace(amount, type=_MONEY), worth, span)


def _if_same(currency: Node, target: Node, amount: Node, otherwise: Node, span: Span) -> Node:
    return Choose(_MONEY, span, Equal(_BOOLEAN, span, currency, target), amount, otherwise)


def _at_rate(checking: Checking, sign: str, amount: Node, rate: Node, span: Span) -> Node:
    return operation(checking, sign, [replace(amount, type=_MONEY), rate], span)


def _from_base(checking: Checking, base: Node, target: Node, span: Span) -> Node:
    rate = _rate(checking, target, span)
    unknown = Constant(_MONEY, span, None)
    divided = unknown if rate is None else _at_rate(checking, "/", base, rate, span)
    return _if_same(OrganisationCurrency(_TEXT, span), target, base, divided, span)


def _rate(checking: Checking, target: Node, span: Span) -> Node | None:
    """What a unit of the currency is worth today; None where no rates are kept."""
    rates = checking.entity(RATES)
    if rates is None or any(name not in rates.fields for name in _RATE_FIELDS):
        return None
    row = Binding(reference(RATES, nullable=False), span, checking.new_row())
    code, since, rate = (Field(rates.fields[name].type, span, row, RATES, name) for name in _RATE_FIELDS)
    now = FUNCTIONS["today"]
    today = Call(simple(Kind.DATE, nullable=False), span, now, now.forms[0], ())
    begun = Compare(simple(Kind.BOOLEAN), span, "<=", since, today)
    where = And(simple(Kind.BOOLEAN), span, (Equal(_BOOLEAN, span, code, target), begun))
    newest = OrderKey(since, descending=True)
    found = Collection(collection(RATES), span, CollectionSource(RATES), None, row.name, where, (newest,))
    return Aggregate(rate.type.optional(), span, Gather.FIRST, found, rate)
