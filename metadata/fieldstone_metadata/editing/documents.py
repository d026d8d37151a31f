"""Whole documents: added to a file or taken out of it, and files for new ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from fieldstone_metadata.editing import flow_style
from fieldstone_metadata.editing.edit import EditRefused
from fieldstone_metadata.editing.reading import Reading, normal, read, same
from fieldstone_metadata.editing.rendering import Style, collection_lines, spread_json
from fieldstone_metadata.editing.spans import Splice, entries, spliced
from fieldstone_metadata.editing.styles import style_in
from fieldstone_metadata.layer_files import File

_MARKER = re.compile(r"^---(?=\s|$)[^\n]*(?:\n|$)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^(?:%|\.\.\.(?:\s|$))", re.MULTILINE)
_FOLDERS: Mapping[str, str] = {"entity": "entities", "data": "data", "menu": "menus"}


def document_path(kind: str, name: str, taken: Collection[str]) -> str:
    """A path for the file of a new document that is not among those `taken`."""
    folder = _FOLDERS.get(kind, f"{kind}s")
    candidates = (f"{folder}/{name}{suffix}.yaml" for suffix in ("", *(f"_{n}" for n in range(2, 10_000))))
    return next(path for path in candidates if path not in taken)


def new_file(path: str, document: Mapping[str, Any]) -> File:
    """A file with one document. Raises EditRefused for values that a document cannot hold."""
    return _checked(File(path, _written(document, path, Style())), [normal(document)])


def with_document(file: File, document: Mapping[str, Any]) -> File:
    """`file` with one more document at its end. Raises EditRefused."""
    reading = read(file)
    if not reading.text.strip() and not reading.json:
        return new_file(file.path, document)
    text = _in_list(reading, document) if reading.json else _at_end(file.path, reading, document)
    return _checked(File(file.path, text), [*reading.values, normal(document)])


def without_document(file: File, kind: str, name: str) -> File | None:
    """`file` without a document; None if it held no other. Raises EditRefused."""
    reading = read(file)
    position = reading.position(kind, name)
    left = [value for index, value in enumerate(reading.values) if index != position]
    if not any(value is not None for value in left):
        return None
    if reading.json:
        assert reading.root is not None
        text = spliced(
            reading.text, flow_style.removed(reading.text, entries(reading.text, reading.root), position)
        )
    else:
        text = _cut(reading.text, reading.nodes[position].start)
    return _checked(File(file.path, text), left)


def _written(document: Mapping[str, Any], path: str, style: Style) -> str:
    value = normal(document)
    if path.endswith(".json"):
        return spread_json(value, Style(json=True, newline=style.newline), 0) + style.newline
    return "".join(line + style.newline for line in collection_lines(value, style, 0))


def _at_end(path: str, reading: Reading, document: Mapping[str, Any]) -> str:
    style = style_in(reading)
    gap = "" if reading.text.endswith("\n") else style.newline
    return f"{reading.text}{gap}---{style.newline}{_written(document, path, style)}"


def _in_list(reading: Reading, document: Mapping[str, Any]) -> str:
    root = reading.root
    if root is None or not isinstance(root.value, list) or not root.value:
        message = "This JSON file holds one document; put the new one into a file of its own."
        raise EditRefused("not_supported", message)
    found, style = entries(reading.text, root), style_in(reading)
    body = spread_json(normal(document), style, found[-1].column)
    return spliced(reading.text, flow_style.inserted(reading.text, found, len(found), body, style.newline))


def _cut(text: str, start: int) -> str:
    """The text without the document in which `start` lies, and without one of the marks around it."""
    if _DIRECTIVE.search(text):
        raise EditRefused("not_supported", "The file has directives or `...`; change the text instead.")
    marks = list(_MARKER.finditer(text))
    before = [mark for mark in marks if mark.start() <= start]
    behind = [mark for mark in marks if mark.start() > start]
    begin = before[-1].start() if before else 0
    if not behind:
        return text[:begin]
    end = behind[0].start() if before else behind[0].end()
    return spliced(text, [Splice(begin, end, "")])


def _checked(file: File, values: list[Any]) -> File:
    found = [value for value in read(file).values if value is not None]
    if not same(found, [value for value in values if value is not None]):
        raise EditRefused(
            "not_supported", f"`{file.path}` cannot be changed surely; change the text instead."
        )
    return file
