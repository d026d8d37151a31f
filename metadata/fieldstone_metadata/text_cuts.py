"""Taking one thing out of a text, or giving it another name, with everything else left as it was written.

Comments, order and quoting of the rest stay. What comes out is read again and compared with what was meant,
so a text that is written in a way that is not known here is refused and never spoilt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fieldstone_metadata.documents import Document, parse_file
from fieldstone_metadata.layer_files import File
from fieldstone_metadata.layer_merging import IDENTITY, item_name
from fieldstone_metadata.nodes import Node, to_plain

Step = str | int
Key = tuple[str, str]
_BEGIN = re.compile(r"^---[ \t]*(#.*)?$", re.MULTILINE)
_WORD = re.compile(r"[\"']?([a-z][a-z0-9_]*)")


class CannotCutError(ValueError):
    """The text is written in a way that cannot be changed here; somebody has to do it by hand."""


def without_element(layer: str, file: File, document: Key, steps: Sequence[Step]) -> str | None:
    """The text of `file` without what `steps` lead to in a document, nor what would be empty without it.

    No steps mean the whole document. None where nothing would be left of the file. Raises CannotCutError.
    """
    found = _document(layer, file, document)
    nodes = _path(found.root, steps)
    while len(nodes) > 1 and _is_alone(nodes[-2], at_root=len(nodes) == 2):
        nodes, steps = nodes[:-1], steps[:-1]
    rest = _without_document(file, found) if len(nodes) == 1 else _without(file.text, nodes)
    expected = {**_plain(layer, file), document: _taken_out(to_plain(found.root), steps)}
    if not steps:
        del expected[document]
    return _proven(layer, file, rest, expected) if expected else None


def with_name(layer: str, file: File, document: Key, steps: Sequence[Step], name: str) -> str:
    """The text of `file` where the key, item or value that `steps` lead to (none: the document) is called
    `name`. Raises CannotCutError.
    """
    found = _document(layer, file, document)
    nodes = _path(found.root, steps)
    start = _name_start(nodes, steps)
    word = _WORD.match(file.text, start)
    if word is None:
        raise CannotCutError("its name is not written as a plain word")
    text = file.text[: word.start(1)] + name + file.text[word.end(1) :]
    if len(_plain(layer, File(file.path, text))) != len(_plain(layer, file)):
        raise CannotCutError("the text would not be read any more")
    return text


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


def _name_start(nodes: Sequence[Node], steps: Sequence[Step]) -> int:
    node = nodes[-1]
    if not steps:
        return node.value["name"].start  # type: ignore[no-any-return]  # a Node's value is untyped
    if isinstance(steps[-1], str) and steps[-1] not in {"after", "before"}:
        return _begin(node)
    if isinstance(node.value, dict):
        name = item_name(node, 0)
        return next((child.start for _, child in node.items() if child.value == name), node.start)
    return node.start


def _begin(node: Node) -> int:
    """Where an entry begins: its key, or the item itself."""
    if not node.key_line:
        return node.start
    return _line_start(node.source.text, node.key_line) + node.key_column - 1


def _line_start(text: str, line: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start


def _end(node: Node) -> int:
    """Where a value really ends; block collections count what follows up to the next token."""
    if node.style != "{" and isinstance(node.value, dict | list):
        children = node.value.values() if isinstance(node.value, dict) else node.value
        return max((_end(child) for child in children), default=node.end)
    return len(node.source.text[: node.end].rstrip()) if node.style in {"|", ">"} else node.end


def _without(text: str, nodes: Sequence[Node]) -> str:
    parent, node = nodes[-2], nodes[-1]
    siblings = list(parent.value.values() if isinstance(parent.value, dict) else parent.value)
    index = next(index for index, each in enumerate(siblings) if each is node)
    if parent.style == "{":
        return _without_in_flow(text, siblings, index)
    line = text.rfind("\n", 0, _dash(text, node) if isinstance(parent.value, list) else _begin(node)) + 1
    before = text[line : _begin(node)]
    if isinstance(parent.value, dict) and before.strip() and index + 1 < len(siblings):
        return text[: _begin(node)] + text[_begin(siblings[index + 1]) :]
    following = text.find("\n", _end(node))
    return text[:line] + (text[following + 1 :] if following >= 0 else "")


def _dash(text: str, item: Node) -> int:
    """Where the dash of an item of a list stands; the item may begin in a line below."""
    dash = text.rfind("-", 0, item.start)
    return item.start if text[dash + 1 : item.start].strip() else dash


def _without_in_flow(text: str, siblings: Sequence[Node], index: int) -> str:
    if index:
        return text[: _end(siblings[index - 1])] + text[_end(siblings[index]) :]
    return text[: _begin(siblings[0])] + text[_begin(siblings[1]) :]


def _without_document(file: File, found: Document) -> str:
    """The text without the lines between the marks (`---`) around a document."""
    marks = [match.start() for match in _BEGIN.finditer(file.text)]
    begin = max((mark for mark in marks if mark <= found.root.start), default=0)
    end = min((mark for mark in marks if mark > found.root.start), default=len(file.text))
    rest = file.text[:begin] + file.text[end:]
    return rest[rest.index("\n") + 1 :] if begin == 0 and rest.startswith("---\n") else rest


def _plain(layer: str, file: File) -> dict[Key, Any]:
    return {(each.kind, each.name): to_plain(each.root) for each in parse_file(layer, file).documents}


def _taken_out(value: Any, steps: Sequence[Step]) -> Any:
    if not steps:
        return None
    inner = value
    for step in steps[:-1]:
        inner = inner[step]
    del inner[steps[-1]]
    return value


def _proven(layer: str, file: File, text: str, expected: dict[Key, Any]) -> str:
    if _plain(layer, File(file.path, text)) != expected:
        raise CannotCutError("it is written in a way that cannot be changed here")
    return text
