"""Putting another value in the place of one: in one line, over several, or from one to the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fieldstone_metadata.editing.edit import EditRefused, Step
from fieldstone_metadata.editing.reading import Reading
from fieldstone_metadata.editing.rendering import (
    LONGEST_LINE,
    Style,
    inline,
    is_block,
    item_lines,
    scalar,
    spread_json,
    value_lines,
)
from fieldstone_metadata.editing.spans import (
    Entry,
    Splice,
    colon_of,
    content_end,
    entries,
    line_end,
    line_start,
)
from fieldstone_metadata.editing.styles import style_of
from fieldstone_metadata.nodes import Node

_BLOCK_SCALARS = ("|", ">")


def replaced(reading: Reading, root: Node, path: Sequence[Step], value: Any) -> list[Splice]:
    """`value` where `path` leads. Raises EditRefused for a place that cannot be changed surely."""
    if not path:
        raise EditRefused("not_supported", "A whole document is not replaced; remove it and add another one.")
    parent = root
    for step in path[:-1]:
        parent = parent.value[step]
    node = parent.value[path[-1]]
    position = list(parent.value).index(path[-1]) if isinstance(parent.value, dict) else int(path[-1])
    style = style_of(reading, root, parent, value)
    if parent.style == "{":
        return [_in_brackets(reading.text, node, value, style)]
    entry = entries(reading.text, parent)[position]
    is_item = isinstance(parent.value, list)
    return (_item if is_item else _behind_key)(reading.text, entry, value, style)


def _in_brackets(text: str, node: Node, value: Any, style: Style) -> Splice:
    if style.json:
        begin = line_start(text, node.key_start or node.start)
        column = len(text[begin:]) - len(text[begin:].lstrip(" "))
        spread = "\n" in text[node.start : node.end] or (isinstance(value, dict | list) and _tall(text, node))
        return Splice(
            node.start, node.end, (spread_json(value, style, column) if spread else inline(value, style))
        )
    body = _one_line(node, value, style, flow=True)
    if node.end == node.start:
        written = ":" in text[node.key_end : node.start] or not node.key_end
        body = f" {body}" if written else f": {body}"
        at = node.start if written else node.key_end
        return Splice(at, at, body)
    return Splice(node.start, node.end, body)


def _tall(text: str, node: Node) -> bool:
    """Whether the line of an entry holds nothing else before it."""
    start = node.key_start or node.start
    return not text[line_start(text, start) : start].strip(" ")


def _behind_key(text: str, entry: Entry, value: Any, style: Style) -> list[Splice]:
    node, colon = entry.node, colon_of(text, entry.node)
    room = LONGEST_LINE - (colon - line_start(text, colon)) - 2
    block = is_block(value, style, room)
    if not block and node.start < node.end and not _is_tall(node):
        return [Splice(node.start, node.end, _one_line(node, value, style, flow=False))]
    one_line = [_one_line(node, value, style, flow=False)]
    lines = value_lines(value, style, entry.column, room) if block else one_line
    rest = "".join(style.newline + line for line in lines[1:])
    head = f" {lines[0]}" if lines[0] else ""
    end = line_end(text, content_end(text, node))
    if node.style in _BLOCK_SCALARS or "\n" in text[colon : node.start]:
        key_line = line_end(text, colon)
        header = node.start + len(node_header(text, node)) if node.style in _BLOCK_SCALARS else colon + 1
        return [Splice(colon + 1, header, head), Splice(key_line, end, rest)]
    return [Splice(colon + 1, node.end, head), Splice(end, end, rest)]


def node_header(text: str, node: Node) -> str:
    """The indicators of a block scalar, such as `|-`."""
    return text[node.start : line_end(text, node.start)].split(" ", 1)[0]


def _item(text: str, entry: Entry, value: Any, style: Style) -> list[Splice]:
    node = entry.node
    end = content_end(text, node)
    if (
        not is_block(value, style, LONGEST_LINE - entry.column)
        and node.start < node.end
        and not _is_tall(node)
    ):
        return [Splice(node.start, node.end, _one_line(node, value, style, flow=False))]
    if node.style in _BLOCK_SCALARS or _is_tall(node):
        end = line_end(text, end)
    lines = item_lines(value, style, entry.column)
    body = style.newline.join(lines)[entry.column + 1 :]
    return [Splice(entry.start + 1, max(end, entry.start + 1), body)]


def _is_tall(node: Node) -> bool:
    """Whether an item stands in lines: a collection in block style, or a literal."""
    collection = isinstance(node.value, dict | list) and node.style != "{"
    return collection or node.style in _BLOCK_SCALARS


def _one_line(node: Node, value: Any, style: Style, *, flow: bool) -> str:
    """A value in one line; a text in the quotes that stand there."""
    if isinstance(value, str) and node.style in ("'", '"'):
        return scalar(value, style, flow=flow, quote=node.style)
    return inline(value, style, flow=flow)
