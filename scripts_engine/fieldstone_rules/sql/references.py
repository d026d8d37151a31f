"""References in SQL: a column for each kind of record that a reference may name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from fieldstone_rules.sql.lowering import ANYTHING, CONSTANTS, Lowering, Place, looked_up, root_of
from fieldstone_rules.sql_values import Column
from fieldstone_rules.tree import (
    USER,
    About,
    Aggregate,
    Apply,
    Binding,
    Cast,
    Choose,
    Fallback,
    Field,
    Node,
    Variable,
)
from fieldstone_rules.types import Kind

Targets = dict[str, Column]


def _kinds(node: Node) -> frozenset[str]:
    return frozenset(node.type.entities) or frozenset({ANYTHING})


def targets(lowering: Lowering, node: Node, wanted: frozenset[str]) -> Targets:
    """The ids that a reference holds for each of the wanted kinds of records that it may name."""
    if node.type.kind is Kind.NULL:
        return {}
    if isinstance(node, Choose | Fallback):
        return _of_several(lowering, node, wanted)
    if isinstance(node, Cast):
        return _cast(lowering, node)
    if isinstance(node, Field):
        return _field(lowering, node, wanted)
    if isinstance(node, Variable) and node.name in lowering.parameters:
        outer, argument = lowering.parameters[node.name]
        return targets(outer, argument, wanted)
    if isinstance(node, Apply):
        bound = {
            name: (lowering, argument) for name, argument in zip(node.parameters, node.arguments, strict=True)
        }
        return targets(replace(lowering, parameters=bound), node.body, wanted)
    return {kind: _id(lowering, node) for kind in node.type.entities[:1]}


def _id(lowering: Lowering, node: Node) -> Column:
    if isinstance(node, Binding):
        place = lowering.place(node)
        if place is None:
            return lowering.constants.user if node.name == USER else sa.cast(sa.null(), sa.Uuid)
        return place.scope.tables.column(place.alias, place.entity, "id")
    if isinstance(node, Aggregate):
        return lowering.readings.aggregate(lowering, node)
    if isinstance(node, About):
        return _about(lowering, node)
    if isinstance(node, Variable):
        return CONSTANTS.variable(node.name, node.type)
    return sa.cast(sa.null(), sa.Uuid)


def _about(lowering: Lowering, node: About) -> Column:
    place = lowering.place(node.of)
    if place is None:
        return looked_up(lowering, root_of(node.of), lambda inner: inner.id_of(node))
    return lowering.about(place).id_of(node.body)


def _field(lowering: Lowering, node: Field, wanted: frozenset[str]) -> Targets:
    place = lowering.place(node.of)
    entities = node.type.entities or tuple(sorted(wanted))
    if place is None:
        root = root_of(node)
        return {kind: looked_up(lowering, root, _reader(node, kind)) for kind in entities}
    return {kind: _column(place, node, kind) for kind in entities}


def _reader(node: Field, kind: str) -> Callable[[Lowering], Column]:
    def read(inner: Lowering) -> Column:
        place = inner.place(node.of)
        assert place is not None
        return _column(place, node, kind)

    return read


def _column(place: Place, node: Field, kind: str) -> Column:
    if kind == ANYTHING or node.type.entities == (kind,):
        return place.column(node.name)
    return place.guarded(node.name, place.scope.tables.target(place.alias, place.entity, node.name, kind))


def _cast(lowering: Lowering, node: Cast) -> Targets:
    found = targets(lowering, node.of, frozenset({node.entity}))
    return {node.entity: found[node.entity]} if node.entity in found else {}


def _of_several(lowering: Lowering, node: Choose | Fallback, wanted: frozenset[str]) -> Targets:
    """Where one of several references counts, each kind has the id of the one that counts, if it is of
    that kind.
    """
    if isinstance(node, Choose):
        options = [(lowering.is_true(node.condition), node.then), (sa.true(), node.otherwise)]
    else:
        options = [(is_present(lowering, item), item) for item in node.items]
    found = [(condition, targets(lowering, item, wanted)) for condition, item in options]
    kinds = dict.fromkeys(kind for _, columns in found for kind in columns)
    nothing = sa.cast(sa.null(), sa.Uuid)
    return {
        kind: sa.case(*((condition, columns.get(kind, nothing)) for condition, columns in found))
        for kind in kinds
    }


def is_present(lowering: Lowering, node: Node) -> Column:
    """Whether a reference names a record."""
    found = targets(lowering, node, _kinds(node))
    return sa.or_(sa.false(), *(column.is_not(None) for column in found.values()))


def is_absent(lowering: Lowering, node: Node) -> Column:
    """Whether a reference is null."""
    found = targets(lowering, node, _kinds(node))
    return sa.and_(sa.true(), *(column.is_(None) for column in found.values()))


def pairs(lowering: Lowering, left: Node, right: Node) -> list[tuple[Column, Column]]:
    """The columns of two references that can be the same record."""
    wanted = (_kinds(left) | _kinds(right)) - {ANYTHING} or frozenset({ANYTHING})
    ours, theirs = targets(lowering, left, wanted), targets(lowering, right, wanted)
    return [(ours[kind], theirs[kind]) for kind in ours if kind in theirs]
