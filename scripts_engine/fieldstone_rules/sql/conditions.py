"""Conditions in SQL.

Null makes three readings of one condition, and each is lowered on its own:
`is_true` holds exactly where the condition is true, and may be null elsewhere: what a WHERE wants;
`is_false` holds exactly where it is false, and may be null elsewhere: what stands under `not`;
`exact` is true, false or null as the language says: what is shown, stored or compared.
So `a == 5` filters as `a = 5`, and `not (a == 5)` as `a <> 5 OR a IS NULL`; no COALESCE hides an index.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from fieldstone_rules.sql import aggregates, references
from fieldstone_rules.sql.constants import sql_type
from fieldstone_rules.sql.lowering import Lower, Lowering, Readings, as_condition
from fieldstone_rules.sql_values import Column, negation
from fieldstone_rules.tree import (
    About,
    Aggregate,
    And,
    Apply,
    Between,
    Call,
    Compare,
    Constant,
    Equal,
    Field,
    HasRole,
    ListOf,
    Node,
    Not,
    Or,
    Truth,
    Within,
    walk,
)
from fieldstone_rules.types import Kind, simple

_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _exact(lowering: Lowering, node: Node) -> Column:
    return as_condition(lowering.value(node))


# ---- and, or, not


def _each(node: And | Or, read: Callable[[Node], Column]) -> list[Column]:
    return [read(item) for item in node.items]


def _and_true(lowering: Lowering, node: And) -> Column:
    return sa.and_(*_each(node, lowering.is_true))


def _and_false(lowering: Lowering, node: And) -> Column:
    return sa.or_(*_each(node, lowering.is_false))


def _and_exact(lowering: Lowering, node: And) -> Column:
    return sa.and_(*(_exact(lowering, item) for item in node.items))


def _or_true(lowering: Lowering, node: Or) -> Column:
    return sa.or_(*_each(node, lowering.is_true))


def _or_false(lowering: Lowering, node: Or) -> Column:
    return sa.and_(*_each(node, lowering.is_false))


def _or_exact(lowering: Lowering, node: Or) -> Column:
    return sa.or_(*(_exact(lowering, item) for item in node.items))


def _not_true(lowering: Lowering, node: Not) -> Column:
    return lowering.is_false(node.item)


def _not_false(lowering: Lowering, node: Not) -> Column:
    return lowering.is_true(node.item)


def _not_exact(lowering: Lowering, node: Not) -> Column:
    return negation(_exact(lowering, node.item))


def _truth_true(lowering: Lowering, node: Truth) -> Column:
    return lowering.is_true(node.item)


def _truth_false(lowering: Lowering, node: Truth) -> Column:
    return lowering.is_true(node.item).is_not(sa.true())


def _truth_exact(lowering: Lowering, node: Truth) -> Column:
    return lowering.is_true(node.item).is_(sa.true())


# ---- total equality


def _is_reference(node: Equal) -> bool:
    return Kind.REFERENCE in (node.left.type.kind, node.right.type.kind)


def _is_null(node: Node) -> bool:
    return isinstance(node, Constant) and node.value is None


class _Sides:
    """Both sides of an equality as SQL, and whether each may be null in the database."""

    def __init__(self, lowering: Lowering, node: Equal) -> None:
        self.left, self.right = lowering.value(node.left), lowering.value(node.right)
        self.left_null = _may_be_null(lowering, node.left)
        self.right_null = _may_be_null(lowering, node.right)

    def equal(self) -> Column:
        """Both are there and the same, or null."""
        return self.left == self.right

    def nullable(self) -> list[Column]:
        """The sides that may be null."""
        return [side for side, null in ((self.left, self.left_null), (self.right, self.right_null)) if null]


def _may_be_null(lowering: Lowering, node: Node) -> bool:
    """Also what is never null by its type: it may leave its range, or be hidden from the viewer."""
    if node.type.nullable:
        return True
    return any(
        isinstance(part, Call | Aggregate) or (isinstance(part, Field) and _is_guarded(lowering, part))
        for part in walk(node)
    )


def _is_guarded(lowering: Lowering, node: Field) -> bool:
    """Whether the viewer's rights may turn a field that is never null into null."""
    place = lowering.place(node.of)
    if place is None:
        return True
    return place.scope.tables.readable(place.alias, place.entity, node.name) is not None


def _null_test(lowering: Lowering, node: Equal) -> tuple[Column, Column] | None:
    """For a comparison with `null`: that the other side is null, and that it is not."""
    other = node.left if _is_null(node.right) else node.right if _is_null(node.left) else None
    if other is None:
        return None
    if other.type.kind is Kind.REFERENCE:
        return references.is_absent(lowering, other), references.is_present(lowering, other)
    column = lowering.value(other)
    return column.is_(None), column.is_not(None)


def _equal_true(lowering: Lowering, node: Equal) -> Column:
    tested = _null_test(lowering, node)
    if tested is not None:
        return tested[0]
    if _is_reference(node):
        return _same_record(lowering, node)
    sides = _Sides(lowering, node)
    if sides.left_null and sides.right_null:
        return sa.or_(sides.equal(), sa.and_(sides.left.is_(None), sides.right.is_(None)))
    return sides.equal()


def _equal_false(lowering: Lowering, node: Equal) -> Column:
    tested = _null_test(lowering, node)
    if tested is not None:
        return tested[1]
    if _is_reference(node):
        return negation(_same_record_exactly(lowering, node))
    sides = _Sides(lowering, node)
    differs, nullable = sides.left != sides.right, sides.nullable()
    if len(nullable) == 2:
        return sa.or_(differs, sides.left.is_(None) != sides.right.is_(None))
    return sa.or_(differs, *(side.is_(None) for side in nullable))


def _equal_exact(lowering: Lowering, node: Equal) -> Column:
    tested = _null_test(lowering, node)
    if tested is not None:
        return tested[0]
    if _is_reference(node):
        return _same_record_exactly(lowering, node)
    sides = _Sides(lowering, node)
    nullable = sides.nullable()
    equal = sa.and_(*(side.is_not(None) for side in nullable), sides.equal())
    if len(nullable) == 2:
        return sa.or_(equal, sa.and_(sides.left.is_(None), sides.right.is_(None)))
    return equal


def _same_record(lowering: Lowering, node: Equal) -> Column:
    same = [left == right for left, right in references.pairs(lowering, node.left, node.right)]
    return sa.or_(sa.false(), *same, *_both_absent(lowering, node))


def _same_record_exactly(lowering: Lowering, node: Equal) -> Column:
    same = [
        sa.and_(left.is_not(None), right.is_not(None), left == right)
        for left, right in references.pairs(lowering, node.left, node.right)
    ]
    return sa.or_(sa.false(), *same, *_both_absent(lowering, node))


def _both_absent(lowering: Lowering, node: Equal) -> list[Column]:
    if not (_may_be_null(lowering, node.left) and _may_be_null(lowering, node.right)):
        return []
    return [sa.and_(references.is_absent(lowering, node.left), references.is_absent(lowering, node.right))]


# ---- order


def _compare(lowering: Lowering, node: Compare) -> Column:
    column: Column = _ORDER[node.operator](lowering.comparable(node.left), lowering.comparable(node.right))
    return column


def _between(lowering: Lowering, node: Between) -> Column:
    """As two comparisons: BETWEEN takes no operands with a collation."""
    item = lowering.comparable(node.item)
    return sa.and_(item >= lowering.comparable(node.low), item <= lowering.comparable(node.high))


# ---- in


def _within_true(lowering: Lowering, node: Within) -> Column:
    if isinstance(node.items, ListOf):
        known = _known_values(lowering, node)
        if known is not None:
            return lowering.value(node.item).in_(known)
        return sa.or_(sa.false(), *(lowering.is_true(equal) for equal in _equals(node, node.items)))
    if not (node.item.type.nullable and _may_hold_null(node)):
        return lowering.value(node.item) == sa.any_(lowering.value(node.items))
    return _within_exact(lowering, node)


def _may_hold_null(node: Within) -> bool:
    return node.items.type.item is None or node.items.type.item.nullable


def _within_false(lowering: Lowering, node: Within) -> Column:
    if not isinstance(node.items, ListOf):
        return _position(lowering, node).is_(None)
    known = _known_values(lowering, node)
    if known is None:
        return sa.and_(sa.true(), *(lowering.is_false(equal) for equal in _equals(node, node.items)))
    item = lowering.value(node.item)
    absent = [item.is_(None)] if _may_be_null(lowering, node.item) else []
    return sa.or_(item.not_in(known), *absent)


def _within_exact(lowering: Lowering, node: Within) -> Column:
    if not isinstance(node.items, ListOf):
        return _position(lowering, node).is_not(None)
    return sa.or_(sa.false(), *(lowering.value(equal) for equal in _equals(node, node.items)))


def _position(lowering: Lowering, node: Within) -> Column:
    """PostgreSQL's array_position finds nulls too, so it is as total as `in`."""
    item = lowering.value(node.item)
    items = lowering.value(node.items)
    type_ = node.items.type.item if node.item.type.kind is Kind.NULL else node.item.type
    return sa.func.array_position(items, sa.cast(item, sql_type(type_ or node.item.type)), type_=sa.Integer())


def _known_values(lowering: Lowering, node: Within) -> list[Column] | None:
    """The items as literals, if all are and none is null, so that IN can use an index."""
    assert isinstance(node.items, ListOf)
    if node.item.type.kind is Kind.REFERENCE or _is_null(node.item):
        return None
    constants = [item for item in node.items.items if isinstance(item, Constant) and item.value is not None]
    if len(constants) < len(node.items.items) or not constants:
        return None
    return [lowering.value(item) for item in constants]


def _equals(node: Within, items: ListOf) -> list[Equal]:
    boolean = simple(Kind.BOOLEAN, nullable=False)
    return [Equal(boolean, item.span, node.item, item) for item in items.items]


# ---- others


def _has_role(lowering: Lowering, node: HasRole) -> Column:
    return sa.literal(node.role, sa.Text) == sa.any_(lowering.constants.roles)


def _about_true(lowering: Lowering, node: About) -> Column:
    return _about_reading(lowering, node, Lowering.is_true)


def _about_false(lowering: Lowering, node: About) -> Column:
    return _about_reading(lowering, node, Lowering.is_false)


def _about_reading(lowering: Lowering, node: About, read: Lower) -> Column:
    place = lowering.place(node.of)
    if place is None or place.path:
        column = lowering.value(node)
        return column if read is Lowering.is_true else negation(column)
    return read(lowering.about(place), node.body)


def _apply_true(lowering: Lowering, node: Apply) -> Column:
    return _inside(lowering, node).is_true(node.body)


def _apply_false(lowering: Lowering, node: Apply) -> Column:
    return _inside(lowering, node).is_false(node.body)


def _inside(lowering: Lowering, node: Apply) -> Lowering:
    bound = {
        name: (lowering, argument) for name, argument in zip(node.parameters, node.arguments, strict=True)
    }
    return replace(lowering, parameters=bound)


_TRUE: dict[type[Node], Lower] = {
    And: _and_true,
    Or: _or_true,
    Not: _not_true,
    Truth: _truth_true,
    Equal: _equal_true,
    Within: _within_true,
    About: _about_true,
    Apply: _apply_true,
}
_FALSE: dict[type[Node], Lower] = {
    And: _and_false,
    Or: _or_false,
    Not: _not_false,
    Truth: _truth_false,
    Equal: _equal_false,
    Within: _within_false,
    About: _about_false,
    Apply: _apply_false,
}
_EXACT: dict[type[Node], Lower] = {
    And: _and_exact,
    Or: _or_exact,
    Not: _not_exact,
    Truth: _truth_exact,
    Equal: _equal_exact,
    Compare: _compare,
    Between: _between,
    Within: _within_exact,
    HasRole: _has_role,
}
READINGS = Readings(_TRUE, _FALSE, _EXACT, references.targets, aggregates.lower)
