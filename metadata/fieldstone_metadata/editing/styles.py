"""How a file is written around a place, so that what is added looks like its neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fieldstone_metadata.editing.reading import Reading
from fieldstone_metadata.editing.rendering import Style
from fieldstone_metadata.editing.spans import Entry
from fieldstone_metadata.nodes import Node

_DEEPEST_STEP = 8


def style_in(reading: Reading) -> Style:
    """The style of a whole file: its line breaks and indentation."""
    first = reading.text.partition("\n")[0]
    newline = "\r\n" if "\n" in reading.text and first.endswith("\r") else "\n"
    return Style(reading.json, newline, _step(reading.nodes) or 2, _dash(reading.nodes))


def style_of(reading: Reading, root: Node, parent: Node, value: Any) -> Style:
    """The style for `value` below `parent`: collections in brackets or not, as its siblings are."""
    base = style_in(Reading(reading.text, (root,), (), reading.json))
    siblings = parent.value.values() if isinstance(parent.value, dict) else parent.value
    kind = dict if isinstance(value, Mapping) else list
    styles = {child.style for child in siblings if isinstance(child.value, kind) and child.value}
    flow = (styles == {"{"}) if len(styles) == 1 and parent is not root else None
    return Style(base.json, base.newline, base.step, base.dash, flow)


def pad_of(text: str, entries: Sequence[Entry]) -> int:
    """How far behind the beginning of their keys the values stand if they are aligned; otherwise 0."""
    spaced = [entry for entry in entries if "\n" not in text[entry.start : entry.node.start]]
    offsets = {entry.node.start - entry.start for entry in spaced}
    padded = any(entry.node.start - entry.node.key_end > 2 for entry in spaced)
    return offsets.pop() if len(spaced) > 1 and len(offsets) == 1 and padded else 0


def _step(roots: Sequence[Node]) -> int:
    """By how much the first mapping in another one is indented; 0 if there is none."""
    nested = (pair for root in roots for pair in _nested(root))
    mappings = (child for _, child in nested if isinstance(child.value, dict) and child.key_column)
    steps = (child.column - child.key_column for child in mappings)
    return next((step for step in steps if 0 < step <= _DEEPEST_STEP), 0)


def _dash(roots: Sequence[Node]) -> int:
    """How far the dashes of the first list in a mapping are indented."""
    nested = (child for root in roots for _, child in _nested(root))
    lists = (child for child in nested if isinstance(child.value, list) and child.key_column)
    return next((max(child.column - child.key_column, 0) for child in lists), 2)


def _nested(root: Node) -> Iterator[tuple[Node, Node]]:
    """Collections in block style with those that they hold in it."""
    open_nodes = [root]
    while open_nodes:
        parent = open_nodes.pop()
        values = parent.value.values() if isinstance(parent.value, dict) else parent.value
        if not isinstance(parent.value, dict | list) or parent.style == "{":
            continue
        for child in values:
            if isinstance(child.value, dict | list) and child.value and child.style != "{":
                yield parent, child
                open_nodes.append(child)
