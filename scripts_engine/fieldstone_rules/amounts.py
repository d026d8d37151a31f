"""Amounts of money: what currency each is in, and the same amount in the organisation's currency.

A record keeps the organisation's amount beside each of its own, converted at the rate of the day when the
amount or its currency last changed. Money is only ever multiplied with numbers and added to money, so an
expression of converted amounts is the converted amount of the expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fieldstone_rules.schema import BASE_SUFFIX, Schema
from fieldstone_rules.tree import (
    OLD,
    RECORD,
    About,
    Aggregate,
    Apply,
    Binding,
    Call,
    Choose,
    Constant,
    Fallback,
    Field,
    Gather,
    Node,
    OrganisationCurrency,
    Setting,
    Variable,
    children,
)
from fieldstone_rules.types import Kind, simple

CURRENCY = "currency"
_GATHERED = frozenset({Gather.SUM, Gather.AVERAGE, Gather.MIN, Gather.MAX})
_TEXT = simple(Kind.TEXT, nullable=False)

Owner = tuple[str, ...]
"""Whose currency an amount is in: a path to a record, the organisation, or a currency by its code."""

_ORGANISATION: Owner = ("#organisation",)


def is_money(node: Node) -> bool:
    """Whether a node's value is an amount of money."""
    return node.type.kind is Kind.MONEY


# ---- which currency


def currency_of(node: Node, schema: Schema) -> Node | None:
    """What tells the currency of an amount; None where it is mixed from several or not known.

    A constant where the amount has a currency of its own.
    """
    leaves = list(_leaves(node))
    if len({_owner(leaf) for leaf in leaves}) != 1:
        return None
    leaf = leaves[0]
    if leaf.type.options:
        return Constant(_TEXT, leaf.span, leaf.type.options[0])
    if _owner(leaf) == _ORGANISATION:
        return OrganisationCurrency(_TEXT, leaf.span)
    if isinstance(leaf, Aggregate) and _is_inside(leaf):
        return _currency_of_owner(leaf, schema)
    if isinstance(leaf, Aggregate) and leaf.value is not None:
        return _currency_of_found(leaf, leaf.value, schema)
    return _currency_field(leaf, schema)


def _currency_of_owner(leaf: Aggregate, schema: Schema) -> Node | None:
    """The currency of the record inside which amounts are gathered."""
    owner, source = leaf.collection.of, leaf.collection.source
    entity = schema.entity(source.owner) if source.owner is not None else None
    if owner is None or source.owner is None or entity is None or CURRENCY not in entity.fields:
        return None
    return Field(entity.fields[CURRENCY].type, leaf.span, owner, source.owner, CURRENCY)


def _currency_of_found(leaf: Aggregate, value: Node, schema: Schema) -> Node | None:
    """The currency of the record that `first` finds."""
    currency = currency_of(value, schema)
    found = None if currency is None else replace(leaf, type=currency.type.optional(), value=currency)
    return currency if isinstance(currency, Constant | OrganisationCurrency) else found


def in_different_currencies(left: Node, right: Node) -> bool:
    """Whether two amounts belong to different records, or one to a record and one to the organisation."""
    owners = {_owner(leaf) for node in (left, right) for leaf in _leaves(node)}
    return len(owners) > 1


def _currency_field(leaf: Node, schema: Schema) -> Node | None:
    entity = schema.entity(leaf.entity) if isinstance(leaf, Field | About) else None
    if entity is None or not isinstance(leaf, Field | About) or CURRENCY not in entity.fields:
        return None
    return Field(entity.fields[CURRENCY].type, leaf.span, leaf.of, leaf.entity, CURRENCY)


def _leaves(node: Node) -> Iterator[Node]:
    """The amounts that an amount is made of, each with a currency of its own."""
    if not is_money(node):
        return
    below = [] if _is_leaf(node) else [leaf for child in children(node) for leaf in _leaves(child)]
    if isinstance(node, About) and any(_owner(leaf) != _ORGANISATION for leaf in below):
        below = []
    yield from below or (node,)


def _is_leaf(node: Node) -> bool:
    return bool(node.type.options) or isinstance(node, Field | Aggregate | Setting | Apply)


def _owner(leaf: Node) -> Owner:
    if leaf.type.options:
        return leaf.type.options
    if isinstance(leaf, Setting) or is_in_base(leaf):
        return _ORGANISATION
    if isinstance(leaf, Field | About):
        return _path(leaf.of)
    if isinstance(leaf, Aggregate) and _is_inside(leaf) and leaf.collection.of is not None:
        return _path(leaf.collection.of)
    return (f"#{id(leaf)}",)


def _path(node: Node) -> Owner:
    names: list[str] = []
    while isinstance(node, Field):
        names.append(node.name)
        node = node.of
    if not isinstance(node, Binding):
        return (f"#{id(node)}",)
    return (RECORD if node.name == OLD else node.name, *reversed(names))


def _is_inside(node: Node) -> bool:
    """Whether an amount is gathered from what lives inside one record, and so is in the currency of that."""
    return isinstance(node, Aggregate) and node.gather in _GATHERED and node.collection.source.owned


def is_in_base(node: Node) -> bool:
    """Whether an amount is the organisation's as it stands."""
    gathered = isinstance(node, Aggregate) and node.gather in _GATHERED
    if gathered and _is_inside(node):
        return False
    return gathered or (isinstance(node, Field) and node.name.endswith(BASE_SUFFIX))


# ---- in the organisation's currency


def in_base(node: Node, schema: Schema) -> Node | None:
    """The same amount in the organisation's currency; None where that is not known."""
    return _Conversion(schema).of(node)


@dataclass(frozen=True)
class _Conversion:
    """Converts a tree. twins: parameters of the function at hand that have a converted twin."""

    schema: Schema
    twins: frozenset[str] = frozenset()

    def of(self, node: Node) -> Node | None:
        """The same amount converted; None where that is not known."""
        if not is_money(node) or node.type.options:
            return None
        if isinstance(node, Setting) or is_in_base(node):
            return node
        convert = _CONVERSIONS.get(type(node))
        return convert(self, node) if convert is not None else None

    def of_all(self, nodes: tuple[Node, ...]) -> tuple[Node, ...] | None:
        """The nodes with those that are amounts converted; None where one cannot be."""
        parts = [self.of(node) if is_money(node) else node for node in nodes]
        known = tuple(part for part in parts if part is not None)
        return known if len(known) == len(parts) else None


def _field(conversion: _Conversion, node: Field) -> Node | None:
    entity = conversion.schema.entity(node.entity)
    field = entity.fields.get(node.name) if entity is not None else None
    if field is None or not field.converted:
        return None
    return replace(node, type=node.type.optional(), name=node.name + BASE_SUFFIX)


def _about(conversion: _Conversion, node: About) -> Node | None:
    body = conversion.of(node.body)
    return None if body is None else replace(node, type=node.type.optional(), body=body)


def _call(conversion: _Conversion, node: Call) -> Node | None:
    arguments = conversion.of_all(node.arguments)
    return None if arguments is None else replace(node, type=node.type.optional(), arguments=arguments)


def _choose(conversion: _Conversion, node: Choose) -> Node | None:
    parts = conversion.of_all((node.then, node.otherwise))
    if parts is None:
        return None
    return replace(node, type=node.type.optional(), then=parts[0], otherwise=parts[1])


def _fallback(conversion: _Conversion, node: Fallback) -> Node | None:
    items = conversion.of_all(node.items)
    return None if items is None else replace(node, type=node.type.optional(), items=items)


def _aggregate(conversion: _Conversion, node: Aggregate) -> Node | None:
    value = conversion.of(node.value) if node.value is not None else None
    return None if value is None else replace(node, value=value)


def _apply(conversion: _Conversion, node: Apply) -> Node | None:
    """A function of converted amounts; its conditions still see the amounts that it was given."""
    pairs = zip(node.parameters, node.arguments, strict=True)
    amounts = {name: conversion.of(argument) for name, argument in pairs if is_money(argument)}
    twins = {name + BASE_SUFFIX: amount for name, amount in amounts.items() if amount is not None}
    body = _Conversion(conversion.schema, frozenset(twins)).of(node.body)
    if body is None:
        return None
    parameters, arguments = (*node.parameters, *twins), (*node.arguments, *twins.values())
    return replace(node, type=body.type, parameters=parameters, arguments=arguments, body=body)


def _variable(conversion: _Conversion, node: Variable) -> Node | None:
    name = node.name + BASE_SUFFIX
    return replace(node, type=node.type.optional(), name=name) if name in conversion.twins else None


_CONVERSIONS: Mapping[type[Node], Callable[[_Conversion, Any], Node | None]] = {
    Field: _field,
    About: _about,
    Call: _call,
    Choose: _choose,
    Fallback: _fallback,
    Aggregate: _aggregate,
    Apply: _apply,
    Variable: _variable,
}
