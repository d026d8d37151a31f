"""Whether a value fits where it is going: a field, a default, a parameter, the root of an expression."""

from __future__ import annotations

from fieldstone_rules.checking.comparisons import known_option
from fieldstone_rules.checking.context import Checking, describe, is_null
from fieldstone_rules.tree import Node, Variable
from fieldstone_rules.types import Kind, Type

_WIDENINGS: dict[Kind, frozenset[Kind]] = {
    Kind.DECIMAL: frozenset({Kind.INTEGER, Kind.PERCENT}),
    Kind.PERCENT: frozenset({Kind.INTEGER, Kind.DECIMAL}),
    Kind.MONEY: frozenset({Kind.INTEGER, Kind.DECIMAL}),
    Kind.TEXT: frozenset({Kind.CHOICE}),
    Kind.CHOICE: frozenset({Kind.TEXT}),
}


def assignable(checking: Checking, node: Node, target: Type) -> bool:
    """Whether a value fits a type; reports why not. Null is left to `required`, which is judged when
    saved.
    """
    if is_null(node):
        return True
    if not _fits(node.type, target):
        message = f"A {describe(target)} is expected here, not a {describe(node.type)}."
        checking.report(node.span, "type", message, _hint(node.type, target))
        return False
    return known_option(checking, Variable(target, node.span, ""), node)


def _fits(given: Type, target: Type) -> bool:
    if given.kind is not target.kind:
        return given.kind in _WIDENINGS.get(target.kind, frozenset())
    if given.kind is Kind.REFERENCE:
        return not target.entities or (bool(given.entities) and set(given.entities) <= set(target.entities))
    if given.kind is Kind.LIST and given.item is not None and target.item is not None:
        return given.item.kind is Kind.NULL or _fits(given.item, target.item)
    return True


def _hint(given: Type, target: Type) -> str | None:
    if target.kind is Kind.INTEGER and given.kind in (Kind.DECIMAL, Kind.MONEY, Kind.PERCENT):
        return "round it: `round(…)`"
    if target.kind is Kind.DATE and given.kind is Kind.DATETIME:
        return "take the day: `date(…)`"
    if target.kind is Kind.TEXT:
        return 'print it into a text: "{…}"'
    return None
