"""Which aggregates the database may compute for rules: those with the value that members in memory have."""

from __future__ import annotations

from fieldstone_rules.closures import RAISING
from fieldstone_rules.expression import Purpose
from fieldstone_rules.lifting import FRAME, Lifted, why_not_lifted
from fieldstone_rules.tree import (
    About,
    Aggregate,
    Apply,
    Binding,
    Call,
    Collection,
    CollectionSource,
    Field,
    Gather,
    Node,
    Variable,
    walk,
)
from fieldstone_rules.types import Kind

_MEMBERS = frozenset({Gather.FIRST, Gather.JOIN})
"""These give something of single members, which are fetched."""

_NEVER_TOO_LARGE = frozenset(
    {"contains", "starts_with", "ends_with", "len", "lower", "trim", "title"}
    | {"year", "quarter", "month", "week", "day", "weekday", "hour"}
)
"""Functions whose value never leaves its range: a null of theirs means null everywhere."""


def reads_members(node: Node) -> bool:
    """Whether a tree makes values of the records that belong to others, and needs none of them itself."""
    found = [part for part in walk(node) if isinstance(part, Aggregate)]
    own = any(part.collection.of is not None for part in found)
    single = any(part.gather in _MEMBERS for part in found)
    loose = sum(isinstance(part, Collection) for part in walk(node)) != len(found)
    return own and not single and not loose and node.type.kind not in (Kind.REFERENCE, Kind.LIST)


def is_computable(lifted: Lifted, purpose: Purpose) -> bool:
    """Whether the database can compute a part and come to the same value.

    In the database a value that leaves its range is null. Where Python would stop with an error, a part in
    which that could go unseen stays in Python.
    """
    if next(why_not_lifted(lifted), None) is not None:
        return False
    if purpose not in RAISING:
        return True
    seen = _watched(lifted.node)
    parts = [lifted.node, *(one.node for one in lifted.inputs)]
    return not any(_may_be_too_large(part) and id(part) not in seen for node in parts for part in walk(node))


def is_grouped(lifted: Lifted) -> bool:
    """Whether a part is one aggregate over what belongs to a record that is known beforehand."""
    node = lifted.node
    if not isinstance(node, Aggregate) or node.gather in _MEMBERS:
        return False
    of = node.collection.of
    return isinstance(of, Field) and of.entity == FRAME


def entities_read(lifted: Lifted) -> frozenset[str]:
    """The entities whose tables, or links to others, the database reads for a part."""
    found: set[str] = set()
    for part in walk(lifted.node):
        if isinstance(part, Field | About):
            found.add(part.entity)
        elif isinstance(part, Collection):
            found |= {part.source.entity, *_linking(part.source)}
    return frozenset(found) - {FRAME}


def _linking(source: CollectionSource) -> set[str]:
    """The entities whose writes change which records a many-to-many leads to."""
    if source.through is not None:
        return {source.through.entity}
    return {source.owner} if source.many and source.owner is not None else set()


def may_hide_a_value(node: Node) -> bool:
    """Whether a null may be a value that has left its range."""
    return any(_may_be_too_large(part) for part in walk(node))


def _watched(node: Node) -> frozenset[int]:
    """The parts whose nulls the statement tells of: those of the value that is gathered."""
    value = node.value if isinstance(node, Aggregate) else None
    return frozenset(id(part) for part in walk(value)) if value is not None else frozenset()


def _may_be_too_large(node: Node) -> bool:
    if not isinstance(node, Call) or node.function.name in _NEVER_TOO_LARGE:
        return False
    return any(
        isinstance(part, Field | Variable | Binding | About | Apply | Aggregate) for part in walk(node)
    )
