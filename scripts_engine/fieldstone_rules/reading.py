"""What an expression depends on."""

from __future__ import annotations

from fieldstone_rules.schema import BASE_SUFFIX
from fieldstone_rules.tree import (
    OLD,
    RECORD,
    About,
    Aggregate,
    Binding,
    Call,
    Cast,
    Collection,
    Field,
    HasRole,
    Node,
    OrganisationCurrency,
    Setting,
    UserTeams,
    UserZone,
    Variable,
    children,
    walk,
)

_FROM_OUTSIDE = (
    Field, Binding, Variable, Setting, UserTeams, UserZone, HasRole, Aggregate, About, OrganisationCurrency,
    Collection,
)  # fmt: skip


def fields_read(node: Node) -> frozenset[tuple[str, str]]:
    """(entity, field) of each field, formula and collection that a tree reads.

    Who reads the organisation's amount reads the field too, from which it follows.
    """
    read: set[tuple[str, str]] = set()
    for part in walk(node):
        if isinstance(part, Field | About):
            read |= {(part.entity, part.name), (part.entity, part.name.removesuffix(BASE_SUFFIX))}
        elif isinstance(part, Collection):
            read |= _read_by_collection(part)
    return frozenset(read)


def _read_by_collection(part: Collection) -> set[tuple[str, str]]:
    source = part.source
    read = {(source.entity, "id")}
    if source.owner is not None and source.name is not None:
        read.add((source.owner, source.name))
    if source.inverse_field is not None:
        read.add((source.entity, source.inverse_field))
    if source.through is not None:
        read |= {(source.through.entity, name) for name in ("id", source.through.near, source.through.far)}
    return read


def reaches_beyond(node: Node) -> bool:
    """Whether a tree reads other records than the one at hand, as it is or was."""
    return any(
        isinstance(part, About | Aggregate) or (isinstance(part, Field) and not _is_at_hand(part.of))
        for part in walk(node)
    )


def _is_at_hand(node: Node) -> bool:
    return isinstance(node, Binding) and node.name in {RECORD, OLD}


def collections_read(node: Node) -> bool:
    """Whether a tree reads collections."""
    return any(isinstance(part, Collection) for part in walk(node))


def is_constant(node: Node) -> bool:
    """Whether a tree depends on nothing but what stands in it."""
    return not any(
        isinstance(part, _FROM_OUTSIDE) or (isinstance(part, Call) and not part.function.pure)
        for part in walk(node)
    )


def paths_read(node: Node) -> frozenset[tuple[str, ...]]:
    """The references followed from the record at hand, as field names, with all their beginnings."""
    found: set[tuple[str, ...]] = set()
    _collect(node, (), found)
    return frozenset(path[:length] for path in found for length in range(1, len(path) + 1))


def _collect(node: Node, prefix: tuple[str, ...] | None, found: set[tuple[str, ...]]) -> None:
    """Add the hops below a node; prefix: the path that `record` stands for, None when it is none of the
    record's.
    """
    waiting: list[tuple[Node, tuple[str, ...] | None]] = [(node, prefix)]
    while waiting:
        part, start = waiting.pop()
        if isinstance(part, Field | About):
            path = _path(part.of, start)
            if path:
                found.add(path)
        if isinstance(part, About):
            waiting += [(part.of, start), (part.body, _path(part.of, start))]
        else:
            waiting += [(child, start) for child in children(part)]


def _path(node: Node, prefix: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if prefix is None:
        return None
    if isinstance(node, Binding):
        return prefix if node.name == RECORD else None
    if isinstance(node, Cast):
        return _path(node.of, prefix)
    if isinstance(node, Field):
        before = _path(node.of, prefix)
        return None if before is None else (*before, node.name)
    return None
