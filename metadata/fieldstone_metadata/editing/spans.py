"""Where the entries of a mapping or a list stand in the text, and what in the text is theirs.

The comment lines right above an entry, at its indentation, are its own; so are deeper ones right below it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fieldstone_metadata.editing.edit import EditRefused
from fieldstone_metadata.nodes import Node

_COMMENTS = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*\r?(?:\n|$)")


@dataclass(frozen=True)
class Splice:
    """What stands instead of the text from `start` to before `end`."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Sequence[Splice]) -> str:
    """`text` with the splices, which do not overlap."""
    for splice in sorted(splices, key=lambda splice: splice.start, reverse=True):
        text = text[: splice.start] + splice.text + text[splice.end :]
    return text


@dataclass(frozen=True)
class Entry:
    """An entry of a mapping, or an item of a list. start: of its key, its dash, or of the item in brackets.

    end: behind its content. column: of `start`, from 0.
    """

    start: int
    end: int
    column: int
    node: Node


def line_start(text: str, index: int) -> int:
    """Where the line with `index` begins."""
    return text.rfind("\n", 0, index) + 1


def line_end(text: str, index: int) -> int:
    """Where the line with `index` ends: before its break."""
    end = text.find("\n", index)
    end = len(text) if end < 0 else end
    return end - 1 if end > index and text[end - 1] == "\r" else end


def behind_break(text: str, index: int) -> int:
    """Where the line after that with `index` begins; the end of the text if there is none."""
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def alone_before(text: str, index: int) -> bool:
    """Whether only spaces stand before `index` in its line."""
    return not text[line_start(text, index) : index].strip(" ")


def only_comment(text: str, index: int) -> bool:
    """Whether nothing or a comment stands between `index` and the end of its line."""
    rest = text[index : line_end(text, index)]
    return not rest.strip() or (rest[0].isspace() and rest.lstrip().startswith("#"))


def content_end(text: str, node: Node) -> int:
    """Behind the last character of a value; comments that follow are not part of it."""
    if isinstance(node.value, dict | list) and node.value and node.style != "{":
        last: Node = list(node.value.values() if isinstance(node.value, dict) else node.value)[-1]
        return max(content_end(text, last), last.key_end)
    if node.style not in ("|", ">"):
        return node.end
    if "+" in text[node.start : line_end(text, node.start)].partition("#")[0]:
        end = node.start + len(text[node.start : node.end].rstrip(" "))
        return line_end(text, end - 1) if text[end - 1 : end] == "\n" else end
    return node.start + len(text[node.start : node.end].rstrip())


def entries(text: str, collection: Node) -> list[Entry]:
    """The entries of a mapping or the items of a list, in their order.

    Raises EditRefused where the text is written in a way that cannot be changed surely.
    """
    if isinstance(collection.value, dict):
        return [_entry(text, child, child.key_start) for child in collection.value.values()]
    if collection.style == "{":
        return [_entry(text, child, child.start) for child in collection.value]
    column = collection.column - 1
    return [_entry(text, child, _dash(text, child, column)) for child in collection.value]


def colon_of(text: str, node: Node) -> int:
    """Where the colon behind the key of `node` stands. Raises EditRefused if it is written without."""
    index = node.key_end
    while text[index : index + 1] in (" ", "\t"):
        index += 1
    if text[index : index + 1] != ":":
        raise EditRefused("not_supported", _hard("a key is written without a colon behind it"))
    return index


def own_start(text: str, entry: Entry) -> int:
    """Where the lines of an entry that stands alone in them begin, those of its comments included."""
    start = line_start(text, entry.start)
    while start:
        above = line_start(text, start - 1)
        line = text[above:start]
        if line.find("#") != entry.column or line[: entry.column].strip(" "):
            break
        start = above
    return start


def own_end(text: str, entry: Entry) -> int:
    """Where the last line of an entry in block style ends, deeper comments below it included."""
    end = line_end(text, entry.end)
    index = behind_break(text, end)
    while index < len(text):
        following = line_end(text, index)
        line = text[index:following]
        if not line.strip():
            index = behind_break(text, index)
        elif line.lstrip(" ").startswith("#") and len(line) - len(line.lstrip(" ")) > entry.column:
            end = following
            index = behind_break(text, index)
        else:
            break
    return end


def is_blank(text: str, index: int) -> bool:
    """Whether the line that begins at `index` is empty, or the text ends there."""
    return _BLANK.match(text, index) is not None


def comma_behind(text: str, index: int) -> int | None:
    """Where the comma stands that follows a value in brackets; None if the bracket follows."""
    match = _COMMENTS.match(text, index)
    found = match.end() if match else index
    return found if text[found : found + 1] == "," else None


def _entry(text: str, node: Node, start: int) -> Entry:
    begin = line_start(text, start)
    before = text[begin:start]
    if "\t" in before:
        raise EditRefused("not_supported", _hard("a line is indented with tabs"))
    if before.rstrip().endswith("?"):
        raise EditRefused("not_supported", _hard("a key is written with `?`"))
    return Entry(start, max(content_end(text, node), node.key_end), start - begin, node)


def _dash(text: str, node: Node, column: int) -> int:
    """The dash of an item: in its line, or in one above it."""
    begin = line_start(text, node.start)
    while text[begin + column : begin + column + 1] != "-" and begin:
        begin = line_start(text, begin - 1)
    return begin + column


def _hard(why: str) -> str:
    return f"This cannot be changed without touching other lines, because {why}; change the text instead."
