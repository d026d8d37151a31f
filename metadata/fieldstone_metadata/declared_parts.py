"""What a file declares, element by element and as plain values, so that texts are compared by meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fieldstone_metadata.documents import Document, parse_file
from fieldstone_metadata.layer_files import File
from fieldstone_metadata.nodes import to_plain

Part = tuple[str, str]
"""The kind and the name of an element, such as ("field", "product.size") or ("entity", "product.label")."""

PARTS: Mapping[str, Mapping[str, str]] = {
    "app": {"settings": "setting"},
    "entity": {"fields": "field"},
    "role": {"entities": "grant"},
    "workflow": {"states": "state", "transitions": "transition"},
}
"""Kind of document → its keys that hold named elements → what such an element is called."""


def element_of(kind: str, document: str, names: Sequence[str]) -> Part:
    """What people call what `names` (keys, and names of items) lead to in a document."""
    inner = PARTS.get(kind, {}).get(names[0]) if len(names) > 1 else None
    return inner or kind, ".".join((document, *(names[1:] if inner else names)))


def path_of(part: Part) -> tuple[str, str, tuple[str, ...]]:
    """Where an element of `declared_parts` stands: kind and name of the document, and the path in it."""
    called, (document, _, rest) = part[0], part[1].partition(".")
    for kind, inner in PARTS.items():
        for key, one in inner.items():
            if one == called:
                return kind, document, (key, rest)
    return called, document, (rest,)


def declared_parts(layer: str, file: File) -> dict[Part, Any]:
    """Element → its plain value, for all documents of a file that can be read.

    Fields, states and the like are elements of their own, and so is every other key of a document; the order
    of elements is not told.
    """
    return {part: value for document in parse_file(layer, file).documents for part, value in _parts(document)}


def _parts(document: Document) -> Iterator[tuple[Part, Any]]:
    inner = PARTS.get(document.kind, {})
    for key, node in document.root.items():
        value = to_plain(node)
        if key in inner and isinstance(value, dict):
            yield from (((inner[key], f"{document.name}.{name}"), item) for name, item in value.items())
        else:
            yield (document.kind, f"{document.name}.{key}"), value
