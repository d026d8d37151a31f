"""Comparisons as closures: the part of the reference evaluator that orders and finds values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fieldstone_rules.tree import Between, Compare, Constant, Equal, ListOf, Node, Within
from fieldstone_rules.types import Kind

if TYPE_CHECKING:
    from fieldstone_rules.closures import Closure, Compiler
    from fieldstone_rules.environment import Environment

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _equal(compiler: Compiler, node: Equal) -> Closure:
    left, right = compiler.compile(node.left), compiler.compile(node.right)
    return lambda environment: left(environment) == right(environment)


def _compare(compiler: Compiler, node: Compare) -> Closure:
    left, right = _comparable(compiler, node.left), _comparable(compiler, node.right)
    compare = _ORDER[node.operator]

    def evaluate(environment: Environment) -> bool | None:
        a, b = left(environment), right(environment)
        return None if a is None or b is None else compare(a, b)

    return evaluate


def _comparable(compiler: Compiler, node: Node) -> Closure:
    """A closure whose values Python can order: durations by their length."""
    closure = compiler.compile(node)
    if node.type.kind is not Kind.DURATION:
        return closure

    def evaluate(environment: Environment) -> int | None:
        value = closure(environment)
        return None if value is None else value.length()

    return evaluate


def _between(compiler: Compiler, node: Between) -> Closure:
    item, low, high = (_comparable(compiler, part) for part in (node.item, node.low, node.high))

    def evaluate(environment: Environment) -> bool | None:
        value, least, most = item(environment), low(environment), high(environment)
        if value is None:
            return None
        above = None if least is None else value >= least
        below = None if most is None else value <= most
        if above is False or below is False:
            return False
        return None if above is None or below is None else True

    return evaluate


def _within(compiler: Compiler, node: Within) -> Closure:
    item, items = compiler.compile(node.item), node.items
    if isinstance(items, ListOf) and all(isinstance(entry, Constant) for entry in items.items):
        known = frozenset(entry.value for entry in items.items if isinstance(entry, Constant))
        return lambda environment: item(environment) in known
    listed = compiler.compile(items)
    return lambda environment: item(environment) in (listed(environment) or ())


COMPILERS: Mapping[type[Node], Callable[[Compiler, Any], Closure]] = {
    Equal: _equal,
    Compare: _compare,
    Between: _between,
    Within: _within,
}
