"""`convert`: an amount in another currency, at today's rate from the organisation's currency."""

from __future__ import annotations

import re

from lark import Token, Tree

from fieldstone_rules.checking.arithmetic import operation
from fieldstone_rules.checking.comparisons import currency_of, in_base
from fieldstone_rules.checking.context import Checking, Names, is_null
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
from fieldstone_rules.types import Kind, collection, reference, simple

RATES = "exchange_rate"
"""The entity that keeps what a unit of a currency is worth in the organisation's, from a day on."""

_CODE = re.compile("[A-Z]{3}")
_BOOLEAN = simple(Kind.BOOLEAN, nullable=False)
_TEXT = simple(Kind.TEXT, nullable=False)
_MONEY = simple(Kind.MONEY)
_GATHERED = frozenset({Gather.SUM, Gather.AVERAGE, Gather.MIN, Gather.MAX})


def convert(checking: Checking, tree: Tree[Token], values: list[Tree[Token]], names: Names) -> Node:
    """`convert(amount, "USD")`: the amount itself where it is in that currency, else by way of the
    organisation's; null where there is no rate.
    """
    amount, code = (checking.check(value, names) for value in values)
    if is_null(amount) or is_null(code):
        return Constant(simple(Kind.NULL), span_of(tree), None)
    if not isinstance(code, Constant) or not _CODE.fullmatch(str(code.value)):
        message = "The currency is written out as three capital letters, such as `'USD'`."
        return checking.report(values[1], "currency", message)
    base = _base(checking, amount)
    if base is None:
        return _refused(checking, values[0], amount)
    span = span_of(tree)
    target = Constant(_TEXT, code.span, code.value)
    elsewhere = _from_base(checking, base, target, span)
    currency = currency_of(checking, amount)
    return elsewhere if currency is None else _if_same(currency, target, amount, elsewhere, span)


def _refused(checking: Checking, place: Tree[Token], amount: Node) -> Node:
    if isinstance(amount, Field) and amount.type.kind is Kind.MONEY:
        message = "The organisation's amount, by way of which it is converted, is not known here yet."
        return checking.report(place, "not_allowed", message)
    return checking.report(place, "type", "`convert` takes a money field, or what is gathered of one.")


def _base(checking: Checking, amount: Node) -> Node | None:
    """The amount in the organisation's currency, which those gathered from many records are in already."""
    if isinstance(amount, Aggregate) and amount.gather in _GATHERED and amount.type.kind is Kind.MONEY:
        return amount
    return in_base(checking, amount)


def _if_same(currency: Node, target: Node, amount: Node, otherwise: Node, span: Span) -> Node:
    return Choose(_MONEY, span, Equal(_BOOLEAN, span, currency, target), amount, otherwise)


def _from_base(checking: Checking, base: Node, target: Node, span: Span) -> Node:
    rate = _rate(checking, target, span)
    unknown = Constant(_MONEY, span, None)
    divided = unknown if rate is None else operation(checking, "/", [base, rate], span)
    return _if_same(OrganisationCurrency(_TEXT, span), target, base, divided, span)


def _rate(checking: Checking, target: Node, span: Span) -> Node | None:
    """What a unit of the currency is worth today; None where no rates are kept."""
    rates = checking.entity(RATES)
    if rates is None:
        return None
    row = Binding(reference(RATES, nullable=False), span, checking.new_row())
    code, since, rate = (
        Field(rates.fields[name].type, span, row, RATES, name)
        for name in ("currency_code", "valid_from", "rate")
    )
    now = FUNCTIONS["today"]
    today = Call(simple(Kind.DATE, nullable=False), span, now, now.forms[0], ())
    begun = Compare(simple(Kind.BOOLEAN), span, "<=", since, today)
    where = And(simple(Kind.BOOLEAN), span, (Equal(_BOOLEAN, span, code, target), begun))
    newest = OrderKey(since, descending=True)
    found = Collection(collection(RATES), span, CollectionSource(RATES), None, row.name, where, (newest,))
    return Aggregate(rate.type.optional(), span, Gather.FIRST, found, rate)
