"""Values as they stand in a file: each knows its place, so that every problem can be shown where it is.

A `Node` holds None, bool, int, Decimal, str, a dict of nodes or a list of nodes. Nodes of different files
meet in one
tree where a higher layer changes a lower document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

_WORD = re.compile(r"[a-z][a-z0-9_]*")

Plain = None | bool | int | Decimal | str
"""What a scalar can be."""


@dataclass(frozen=True)
class Source:
    """The file that a node stands in."""

    layer: str
    path: str
    text: str

    def __repr__(self) -> str:
        """Short, because texts are long."""
        return f"Source({self.layer}, {self.path})"


@dataclass(slots=True)
class Node:
    """A value and its place.

    line, column: 1-based start of the value. start, end: its span in the source's text.
    style: how a scalar is written: "" (plain), `'`, `"`, `|` or `>`; for collections "{" when in flow form.
    key_line, key_column: the place of the key that leads here (0: it stands in a list or is the root).
    key_start, key_end: the key's span, quotes included.
    changed_by: the layers that changed it, lowest first. owned_by: the layer whose element it is where a
    higher one has written it anew; empty: the layer that it stands in.
    broken: a problem of this value has been reported already, so that nothing more is said about it.
    """

    value: Any
    source: Source
    line: int
    column: int
    start: int = 0
    end: int = 0
    style: str = ""
    key_line: int = 0
    key_column: int = 0
    key_start: int = 0
    key_end: int = 0
    changed_by: tuple[str, ...] = ()
    owned_by: str = ""
    broken: bool = False

    @property
    def place(self) -> tuple[int, int]:
        """Line and column of the key if there is one, else of the value."""
        return (self.key_line, self.key_column) if self.key_line else (self.line, self.column)

    @property
    def owner(self) -> str:
        """The layer whose element it is."""
        return self.owned_by or self.source.layer

    def get(self, key: str) -> Node | None:
        """The child under `key` of a mapping, or None."""
        value = self.value
        found: Node | None = value.get(key) if isinstance(value, dict) else None
        return found

    def plain(self, key: str, default: Any = None) -> Any:
        """The plain value under `key`, or `default` where the key is absent or null."""
        # Written out, and not by `get`: a check asks for hundreds of thousands of keys, most of them absent.
        value = self.value
        child = value.get(key) if isinstance(value, dict) else None
        if child is None or child.value is None:
            return default
        return to_plain(child) if isinstance(child.value, dict | list) else child.value

    def items(self) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping in their order; nothing for other values."""
        return iter(self.value.items()) if isinstance(self.value, dict) else iter(())

    def children(self) -> list[Node]:
        """The items of a list; a single value counts as a list of one, null and absent as none."""
        if isinstance(self.value, list):
            return self.value
        return [] if self.value is None else [self]

    def list_under(self, key: str) -> list[Node]:
        """The items under `key`, one value being a list of one."""
        child = self.get(key)
        return [] if child is None else child.children()

    def with_value(self, value: Any) -> Node:
        """This node with another value."""
        return replace(self, value=value)


def to_plain(node: Node) -> Any:
    """The value of `node` without places: nested dicts, lists and scalars."""
    value = node.value
    if isinstance(value, dict):
        return {key: to_plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [to_plain(child) for child in value]
    return value


def at_path(root: Node, path: list[str | int]) -> Node:
    """The node that `path` (keys and list positions) leads to; the deepest one that exists."""
    node = root
    for step in path:
        try:
            node = node.value[step]
        except (KeyError, IndexError, TypeError):
            return node
    return node


def words_in(node: Node) -> set[str]:
    """All names that stand in the text of `node`: whatever it would declare is among them."""
    return set(_WORD.findall(node.source.text, node.start, node.end))


def copied(node: Node) -> Node:
    """A copy of the tree below `node` that can be changed."""
    value = node.value
    if isinstance(value, dict):
        return replace(node, value={key: copied(child) for key, child in value.items()})
    if isinstance(value, list):
        return replace(node, value=[copied(child) for child in value])
    return replace(node)
