"""From a place inside the text of a scalar to the place in its file.

YAML drops indentation, folds lines and replaces escapes, so the text that was read and the text that stands
in the
file are walked side by side.
"""

from __future__ import annotations

import re

from fieldstone_metadata.nodes import Node

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n[ \t]*|.)", re.DOTALL)


def place_in_file(node: Node, line: int, column: int) -> tuple[int, int]:
    """The 1-based line and column in the file of a 1-based line and column in the
    text of the scalar `node`.
    """
    lines = node.value.split("\n") if isinstance(node.value, str) else []
    index = sum(len(text) + 1 for text in lines[: line - 1]) + column - 1
    raw = _raw_index(node, index)
    text = node.source.text
    return text.count("\n", 0, raw) + 1, raw - text.rfind("\n", 0, raw)


def _raw_index(node: Node, index: int) -> int:
    """The index in the source's text of the character at `index` of the scalar's value."""
    text, position = node.source.text, _content_start(node)
    for character in node.value[:index]:
        position = _after(text, position, character, node)
    while (
        index < len(node.value)
        and position < node.end
        and not _matches(text, position, node.value[index], node)
    ):
        position += 1
    return min(position, max(node.end, node.start))


def _content_start(node: Node) -> int:
    if node.style in ("|", ">"):
        return node.source.text.find("\n", node.start) + 1
    return node.start + (1 if node.style in ("'", '"') else 0)


def _after(text: str, position: int, character: str, node: Node) -> int:
    """The index behind the place where `character` of the value stands."""
    while position < node.end and not _matches(text, position, character, node):
        position += 1
    if node.style == '"' and text[position : position + 1] == "\\":
        escape = _ESCAPE.match(text, position)
        return escape.end() if escape else position + 1
    if node.style == "'" and text[position : position + 2] == "''":
        return position + 2
    return position + 1


def _matches(text: str, position: int, character: str, node: Node) -> bool:
    found = text[position]
    if node.style == '"' and found == "\\":
        escape = _ESCAPE.match(text, position)
        return escape is not None and not escape.group(1).strip(" \t").startswith(("\n", "\r"))
    return found == character or (character in " \n" and found in " \t\r\n")
