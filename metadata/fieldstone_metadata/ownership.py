"""Which layer each element is of, and which changed it, down to options, columns and items of menus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fieldstone_metadata.checking import laid_over
from fieldstone_metadata.declared_parts import PARTS, element_of
from fieldstone_metadata.documents import RULES, Document
from fieldstone_metadata.layer_files import Layer
from fieldstone_metadata.layer_merging import NAMED_LISTS, item_name
from fieldstone_metadata.nodes import Node


@dataclass(frozen=True)
class Owned:
    """An element with the layer whose it is, and the higher layers that changed it, the lowest first.

    path, line: where it stands; of what was written anew, where that was done last.
    """

    kind: str
    name: str
    layer: str
    changed_by: tuple[str, ...]
    path: str
    line: int


def ownership(layers: Sequence[Layer]) -> tuple[Owned, ...]:
    """Every document, and every element with a name in it, as all layers together declare them."""
    return tuple(owned for document in laid_over(layers).values() for owned in _of_document(document))


def _of_document(document: Document) -> Iterator[Owned]:
    yield _owned(document, (), document.root)
    if document.kind != RULES:
        yield from _inside(document, (), document.root)


def _inside(document: Document, names: tuple[str, ...], node: Node) -> Iterator[Owned]:
    for key, child in node.items():
        below = (*names, key)
        named = _named(document, below, child)
        for name, element in named:
            yield _owned(document, (*below, name), element)
            yield from _inside(document, (*below, name), element)
        if not named:
            yield from _inside(document, below, child)


def _named(document: Document, names: tuple[str, ...], node: Node) -> list[tuple[str, Node]]:
    """The elements with names that stand under a key."""
    if isinstance(node.value, list) and names[-1] in NAMED_LISTS:
        return [(item_name(item, index), item) for index, item in enumerate(node.value)]
    inner = len(names) == 1 and names[0] in PARTS.get(document.kind, {})
    return list(node.items()) if inner else []


def _owned(document: Document, names: tuple[str, ...], node: Node) -> Owned:
    kind, name = element_of(document.kind, document.name, names)
    return Owned(kind, name, node.owner, node.changed_by, node.source.path, node.place[0])
