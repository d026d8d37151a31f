"""Taking one thing out of a document, or giving it another name; all else stays as it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fieldstone_metadata.documents import Document, parse_file
from fieldstone_metadata.editing import Edit, EditRefused, edited, without_document
from fieldstone_metadata.layer_files import File
from fieldstone_metadata.layer_merging import IDENTITY, item_name
from fieldstone_metadata.nodes import Node

Step = str | int
Key = tuple[str, str]
_ANCHORS = frozenset({"after", "before"})


class CannotCutError(ValueError):
    """The text is written in a way that cannot be changed here; somebody has to do it by hand."""


def without_element(layer: str, file: File, document: Key, steps: Sequence[Step]) -> str | None:
    """The text of `file` without what `steps` lead to in a document, nor what would be empty without it.

    No steps mean the whole document. None where nothing would be left of the file. Raises CannotCutError.
    """
    nodes = _path(_document(layer, file, document).root, steps)
    while len(nodes) > 1 and _is_alone(nodes[-2], at_root=len(nodes) == 2):
        nodes, steps = nodes[:-1], steps[:-1]
    try:
        if not steps:
            left = without_document(file, *document)
            return None if left is None else left.text
        return edited(file, *document, [Edit(tuple(steps), "remove")]).text
    except EditRefused as error:
        raise CannotCutError(str(error)) from error


def with_name(layer: str, file: File, document: Key, steps: Sequence[Step], name: str) -> str:
    """The text of `file` where the key, item or value that `steps` lead to (none: the document) is called
    `name`. Raises CannotCutError.
    """
    root = _document(layer, file, document).root
    if not steps:
        return _with_document_name(layer, file, root, name)
    last, node = steps[-1], _path(root, steps)[-1]
    if isinstance(last, str) and last not in _ANCHORS:
        edit = Edit(tuple(steps), "rename", to=name)
    else:
        edit = Edit((*steps, *_naming_key(node)), "set", value=name)
    try:
        return edited(file, *document, [edit]).text
    except EditRefused as error:
        raise CannotCutError(str(error)) from error


def _document(layer: str, file: File, key: Key) -> Document:
    for found in parse_file(layer, file).documents:
        if (found.kind, found.name) == key and found.root.source.text == file.text:
            return found
    raise CannotCutError("its document cannot be found in the text")


def _path(root: Node, steps: Sequence[Step]) -> list[Node]:
    nodes = [root]
    for step in steps:
        nodes.append(nodes[-1].value[step])
    return nodes


def _is_alone(parent: Node, *, at_root: bool) -> bool:
    if at_root:
        return len([key for key in parent.value if key not in IDENTITY]) == 1
    return len(parent.value) == 1


def _naming_key(item: Node) -> tuple[str, ...]:
    """What leads from an item of a list to its name; nothing where it is the name."""
    if not isinstance(item.value, dict):
        return ()
    name = item_name(item, 0)
    return next(((key,) for key, child in item.items() if child.value == name), ())


def _with_document_name(layer: str, file: File, root: Node, name: str) -> str:
    """Only the name is another one; the editing of documents finds them by it and leaves it alone."""
    node = root.value["name"]
    text = file.text[: node.start] + file.text[node.start : node.end].replace(node.value, name)
    text += file.text[node.end :]
    if name not in {found.name for found in parse_file(layer, replace(file, text=text)).documents}:
        raise CannotCutError("its name is not written as a plain word")
    return text
