"""Conditions on what a record may pick: bare names belong to the candidate, `record` to the one that picks.

A candidate is judged in Python with the record that picks among the rows, under the name `PICKER`. In SQL,
where candidates are looked for, that record need not be stored yet: what is read of it becomes variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fieldstone_rules.expression import Expression, Standing, expression_of
from fieldstone_rules.lifting import rewritten
from fieldstone_rules.schema import BASE_SUFFIX
from fieldstone_rules.spans import Span
from fieldstone_rules.tree import (
    PICKER,
    About,
    Binding,
    Cast,
    Collection,
    Field,
    Lookup,
    Node,
    Part,
    Variable,
    walk,
)
from fieldstone_rules.types import Kind

_UNBOUND = frozenset({Kind.COMPOUND, Kind.JSON, Kind.COLLECTION})


@dataclass(frozen=True, eq=False)
class Asked:
    """What a condition reads of the record that picks. name: of the variable that stands for it."""

    name: str
    expression: Expression


@dataclass(frozen=True, eq=False)
class Detached:
    """A condition with variables in place of what it reads of the record that picks."""

    condition: Expression
    asked: tuple[Asked, ...]


def reads_picker(expression: Expression) -> bool:
    """Whether a condition reads the record that picks."""
    return any(_is_picker(part) for part in walk(expression.tree))


def own_fields(expression: Expression) -> frozenset[str]:
    """The fields and formulas of the entity that picks, where a condition reads the record that picks."""
    picker = expression.scope.picker
    if picker is None or not reads_picker(expression):
        return frozenset()
    return frozenset(name for entity, name in expression.reads if entity == picker)


def detach(expression: Expression) -> Detached:
    """The condition for a lookup, and what it has to be told of the record that picks."""
    asked: list[Asked] = []

    def change(node: Node) -> Node | None:
        if not _starts_at_picker(node):
            return None
        name = f"picker{len(asked)}"
        asked.append(Asked(name, _expression(expression, node)))
        return Variable(node.type.optional(), node.span, name)

    tree = rewritten(expression.tree, change)
    condition = expression_of(expression.source, tree, expression.scope)
    return Detached(condition, tuple(asked))


def _expression(around: Expression, node: Node) -> Expression:
    return expression_of(around.source, node, Standing(around.scope.entity))


def why_not_picked_by(expression: Expression) -> Iterator[tuple[Span, str]]:
    """What a condition reads of the record that picks and cannot be compared with candidates yet, and why."""
    for part in walk(expression.tree):
        if isinstance(part, Collection) and part.of is not None and _starts_at_picker(part.of):
            yield part.span, "a collection of `record`"
    for one in detach(expression).asked:
        kind = one.expression.type.kind
        named = one.expression.tree
        if kind is Kind.MONEY or (isinstance(named, Field) and named.name.endswith(BASE_SUFFIX)):
            yield named.span, "an amount of money of `record`"
        elif kind in _UNBOUND:
            yield named.span, "a value of several parts of `record`"
        elif kind is Kind.REFERENCE and len(one.expression.type.entities) != 1:
            yield named.span, "a reference of `record` that may lead to several entities, without a cast,"


def _starts_at_picker(node: Node) -> bool:
    """Whether a node is the record that picks, or what a path from it leads to."""
    while isinstance(node, Field | About | Part | Lookup | Cast):
        node = node.of
    return _is_picker(node)


def _is_picker(node: Node) -> bool:
    return isinstance(node, Binding) and node.name == PICKER
