"""What an expression uses, as it is written: a formula or function that it reads, not what that reads."""

from __future__ import annotations

from collections.abc import Iterator

from fieldstone_metadata.uses.elements import ENTITY, FIELD, FUNCTION, OPTION, ROLE, Element
from fieldstone_rules import Expression, Node
from fieldstone_rules.schema import BASE_SUFFIX
from fieldstone_rules.tree import (
    About,
    Apply,
    Cast,
    Collection,
    Constant,
    Equal,
    Field,
    HasRole,
    ListOf,
    Within,
    children,
)
from fieldstone_rules.types import Kind

Found = tuple[Element, Node]


def used_by(expression: Expression) -> Iterator[Found]:
    """Every element that an expression uses, with the part of the tree that does."""
    waiting = [expression.tree]
    while waiting:
        node = waiting.pop()
        yield from ((element, node) for element in _used(node))
        waiting += _below(node)


def _below(node: Node) -> list[Node]:
    if isinstance(node, About):
        return [node.of]
    return list(node.arguments) if isinstance(node, Apply) else list(children(node))


def _used(node: Node) -> Iterator[Element]:
    if isinstance(node, Field):
        yield Element(FIELD, (node.entity, node.name.removesuffix(BASE_SUFFIX)))
    elif isinstance(node, About):
        yield Element(FIELD, (node.entity, node.name))
    elif isinstance(node, Collection):
        yield from _of_collection(node)
    elif isinstance(node, Cast):
        yield Element(ENTITY, (node.entity,))
    elif isinstance(node, HasRole):
        yield Element(ROLE, (node.role,))
    elif isinstance(node, Apply):
        yield Element(FUNCTION, tuple(node.name.split(".", 1)))
    elif isinstance(node, Equal):
        yield from _options(node.left, node.right)
        yield from _options(node.right, node.left)
    elif isinstance(node, Within) and isinstance(node.items, ListOf):
        for item in node.items.items:
            yield from _options(node.item, item)


def _of_collection(node: Collection) -> Iterator[Element]:
    source = node.source
    yield Element(ENTITY, (source.entity,))
    if source.owner is not None and source.name is not None:
        yield Element(FIELD, (source.owner, source.name))
    if source.inverse_field is not None:
        yield Element(FIELD, (source.entity, source.inverse_field))
    if source.through is not None:
        yield Element(ENTITY, (source.through.entity,))


def _options(of: Node, value: Node) -> Iterator[Element]:
    """The option that a field of options is compared with."""
    if isinstance(of, Field) and of.type.kind is Kind.CHOICE:
        yield from option_of(of.entity, of.name, value)


def option_of(entity: str, field: str, value: Node) -> Iterator[Element]:
    """The option that is written as a value of a field."""
    if isinstance(value, Constant) and isinstance(value.value, str):
        yield Element(OPTION, (entity, field, value.value))
