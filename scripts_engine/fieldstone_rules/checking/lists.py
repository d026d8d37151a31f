"""Lists that stand for each other: PostgreSQL's arrays have one type, whatever they hold."""

from __future__ import annotations

from dataclasses import replace

from fieldstone_rules.tree import Choose, Fallback, ListOf, Node
from fieldstone_rules.types import Kind, Type


def as_list(node: Node, type_: Type) -> Node:
    """A list as one of `type_`: one written out, such as `[]`, takes the type of what is beside it."""
    item = type_.item
    if item is None or node.type.kind is not Kind.LIST or node.type.item == item:
        return node
    taken = replace(node.type, item=item)
    if isinstance(node, ListOf):
        return replace(node, type=taken)
    if isinstance(node, Choose):
        return replace(
            node, type=taken, then=as_list(node.then, type_), otherwise=as_list(node.otherwise, type_)
        )
    if isinstance(node, Fallback):
        return replace(node, type=taken, items=tuple(as_list(one, type_) for one in node.items))
    return node
