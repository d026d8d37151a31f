"""Edits of a document as changes of its file's text.

The text is changed at the spans that values have in it; nothing is written anew. After each change the text
is read again: if it does not say exactly what it should, the edit is refused rather than the file damaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fieldstone_metadata.editing import block_style, flow_style
from fieldstone_metadata.editing.changes import Change, after, changes
from fieldstone_metadata.editing.edit import Edit, EditRefused, shown
from fieldstone_metadata.editing.reading import Reading, read, same
from fieldstone_metadata.editing.rendering import entry_lines, inline, item_lines, scalar, spread_json
from fieldstone_metadata.editing.replacing import replaced
from fieldstone_metadata.editing.spans import Entry, Splice, colon_of, entries, line_start, spliced
from fieldstone_metadata.editing.styles import pad_of, style_in, style_of
from fieldstone_metadata.layer_files import File
from fieldstone_metadata.nodes import Node

_IDENTITY = frozenset({"kind", "name"})


def edited(file: File, kind: str, name: str, edits: Sequence[Edit]) -> File:
    """`file` with edits of the document of a kind and name, one after the other.

    Raises EditRefused; then nothing is changed.
    """
    reading = read(file)
    for edit in edits:
        _check_identity(edit)
        position = reading.position(kind, name)
        for change in changes(reading.values[position], edit):
            reading = _changed(file.path, reading, position, change)
    return replace(file, text=reading.text)


def _check_identity(edit: Edit) -> None:
    """Refuse to change what a document is found by."""
    if len(edit.path) == 1 and edit.path[0] in _IDENTITY:
        message = f"`{edit.path[0]}` says which document this is; remove the document and add another one."
        raise EditRefused("not_supported", message)


def _changed(path: str, reading: Reading, position: int, change: Change) -> Reading:
    wanted = after(reading.values[position], change)
    try:
        splices = _splices(reading, reading.nodes[position], change)
        found = read(File(path, spliced(reading.text, splices)))
    except EditRefused as refusal:
        if refusal.code == "broken_file":
            raise _unsure(change) from refusal
        raise
    values = [*reading.values[:position], wanted, *reading.values[position + 1 :]]
    if not same(list(found.values), values):
        raise _unsure(change)
    return found


def _unsure(change: Change) -> EditRefused:
    where = shown(change.path)
    message = f"`{where}` is written in a way that cannot be changed surely; change the text instead."
    return EditRefused("not_supported", message)


def _splices(reading: Reading, root: Node, change: Change) -> list[Splice]:
    if change.action == "replace":
        return replaced(reading, root, change.path, change.value)
    parent = _at(root, change.path[:-1])
    if change.action == "rename":
        return _renamed(reading, parent.value[change.path[-1]], change.value)
    found = entries(reading.text, parent)
    if change.action == "insert":
        return _inserted(reading, root, parent, found, change)
    index = _index(parent, change)
    if parent.style == "{":
        return flow_style.removed(reading.text, found, index)
    return block_style.removed(reading.text, found, index)


def _at(root: Node, path: Sequence[Any]) -> Node:
    node = root
    for step in path:
        node = node.value[step]
    return node


def _index(parent: Node, change: Change) -> int:
    last = change.path[-1]
    return list(parent.value).index(last) if isinstance(parent.value, dict) else int(last)


def _renamed(reading: Reading, node: Node, name: str) -> list[Splice]:
    colon_of(reading.text, node)
    quote = reading.text[node.key_start]
    style = style_in(reading)
    return [Splice(node.key_start, node.key_end, scalar(name, style, flow=True, quote=quote))]


def _inserted(reading: Reading, root: Node, parent: Node, found: list[Entry], change: Change) -> list[Splice]:
    text, style = reading.text, style_of(reading, root, parent, change.value)
    key = str(change.path[-1]) if isinstance(parent.value, dict) else None
    if parent.style == "{":
        neighbour = found[max(change.position - 1, 0)]
        spread = style.json and not text[line_start(text, neighbour.start) : neighbour.start].strip(" ")
        column = neighbour.column
        body = spread_json(change.value, style, column) if spread else inline(change.value, style, flow=True)
        head = "" if key is None else f"{scalar(key, style, flow=True)}{_colon(text, found)}"
        return flow_style.inserted(text, found, change.position, head + body, style.newline)
    column = found[0].column
    lines = (
        item_lines(change.value, style, column)
        if key is None
        else entry_lines(key, change.value, style, column, pad_of(text, found))
    )
    return block_style.inserted(text, found, change.position, lines, style.newline)


def _colon(text: str, found: list[Entry]) -> str:
    """A colon with the space that others of the mapping have behind it."""
    between = [text[entry.node.key_end : entry.node.start] for entry in found]
    return ":" if text[:1] in "{[" and all(gap == ":" for gap in between) else ": "
