"""YAML text to nodes with places, in one pass over the parser's events.

Events come from libyaml. Nothing here is recursive and nothing is expanded, so a hostile text ends as early
as a limit
is reached: aliases, anchors and tags are refused, depth and the number of values are bounded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from fieldstone_metadata import yaml_mistakes
from fieldstone_metadata.nodes import Node, Source
from fieldstone_metadata.reporting import Report
from fieldstone_metadata.yaml_scalars import NumberRefusedError, resolve

DEEPEST = 32
MOST_VALUES = 1_000_000
MOST_SYNTAX_ERRORS = 20


class _StopReadingError(Exception):
    """A limit was reached: the rest of the file is not read."""


def read_documents(source: Source, report: Report) -> list[Node]:
    """The documents of a YAML file, in their order; what is wrong goes to `report`.

    After a syntax error reading goes on with the next document of the file (`---`). A document that could not
    be read to its end is `broken`.
    """
    documents: list[Node] = []
    lines_before = start = 0
    for _ in range(MOST_SYNTAX_ERRORS):
        reader = _Reader(source, report, lines_before, start)
        failed_at = reader.run()
        documents.extend(reader.documents)
        following = source.text.find("\n---", max(failed_at - 1, start))
        if following < 0:
            break
        start = following + 1
        lines_before = source.text.count("\n", 0, start)
    return documents


@dataclass
class _Reader:
    """Builds nodes from events. `open` holds the collections that are not closed yet, innermost last."""

    source: Source
    report: Report
    lines_before: int
    start: int
    documents: list[Node] = field(default_factory=list)
    open: list[Node] = field(default_factory=list)
    keys: list[Node | None] = field(default_factory=list)
    values: int = 0

    def run(self) -> int:
        """Reads all events of the text. Returns the index behind which nothing has been read."""
        try:
            for event in self._events():
                take = _TAKING.get(type(event))
                if take is not None:
                    take(self, event)
        except yaml.YAMLError as error:
            failed_at = yaml_mistakes.report_syntax_error(error, self.source, self.lines_before, self.report)
        except _StopReadingError:
            failed_at = len(self.source.text)
        else:
            return len(self.source.text)
        if self.open:
            self.open[0].broken = True
            self.open[0].end = max(failed_at, self.open[0].start)
        return failed_at

    def _events(self) -> Iterator[Any]:
        text = self.source.text[self.start :] if self.start else self.source.text
        return iter(yaml.parse(text, Loader=yaml.CSafeLoader))

    def _node(self, value: Any, event: Any, style: str) -> Node:
        self.values += 1
        mark, start = event.start_mark, self.start
        line, column, end = mark.line + self.lines_before + 1, mark.column + 1, event.end_mark.index + start
        node = Node(value, self.source, line, column, mark.index + start, end, style)
        if self.values > MOST_VALUES:
            self._stop(node, "too_large", f"this file holds more than {MOST_VALUES:,} values")
        return node

    def _scalar(self, event: Any) -> None:
        if event.anchor or (event.tag and event.tag != "!"):
            self._refuse_mark(event)
        style = event.style or ""
        node = self._node(sys.intern(event.value), event, style)  # the same few stand in every document
        if not style and event.implicit[0] and not self._expects_key():
            try:
                node.value = resolve(node.value)
            except NumberRefusedError as error:
                self.report.error(node, "bad_number", str(error))
        self._put(node)

    def _enter(self, event: Any) -> None:
        if event.anchor or event.tag:
            self._refuse_mark(event)
        empty: dict[str, Node] | list[Node] = {} if isinstance(event, yaml.MappingStartEvent) else []
        node = self._node(empty, event, "{" if event.flow_style else "")
        if len(self.open) >= DEEPEST:
            self._stop(node, "too_deep", f"this file nests values more than {DEEPEST} levels deep")
        self._put(node)
        self.open.append(node)
        self.keys.append(None)

    def _leave(self, event: Any) -> None:
        node = self.open.pop()
        self.keys.pop()
        node.end = event.end_mark.index + self.start
        if node.style == "{":
            yaml_mistakes.report_cut_values(node, self.report)

    def _alias(self, event: Any) -> None:
        node = self._node(None, event, "")
        message = f"the alias `*{event.anchor}` is not allowed: documents spell every value out"
        self.report.error(node, "alias", message, "write the value here, or quote it if a text is meant")
        self._put(node)

    def _refuse_mark(self, event: Any) -> None:
        node = self._node(None, event, "")
        what = f"the anchor `&{event.anchor}`" if event.anchor else f"the tag `{event.tag}`"
        hint = "quote the value if a text is meant; in expressions write `not` for `!`"
        self.report.error(node, "anchor_or_tag", f"{what} is not allowed", hint)

    def _expects_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].value, dict) and self.keys[-1] is None

    def _put(self, node: Node) -> None:
        """Gives `node` its place in the innermost open collection."""
        if not self.open:
            self.documents.append(node)
            return
        around, key = self.open[-1].value, self.keys[-1]
        if isinstance(around, list):
            around.append(node)
        elif key is None:
            self._put_key(node)
        else:
            self._put_entry(key, node, around)
            self.keys[-1] = None

    def _put_key(self, node: Node) -> None:
        if not isinstance(node.value, str):
            self.report.error(node, "bad_key", "a key must be text, not a mapping or a list")
            node.value = "" if node.value is None else node.value
        self.keys[-1] = node

    def _put_entry(self, key: Node, node: Node, entries: dict[str, Node]) -> None:
        node.key_line, node.key_column = key.line, key.column
        node.key_start, node.key_end = key.start, key.end
        if not isinstance(key.value, str):
            return
        if key.value in entries:
            first = entries[key.value].key_line
            message = f"the key `{key.value}` stands here for a second time; the first is in line {first}"
            self.report.error(key, "duplicate_key", message)
            return
        entries[key.value] = node

    def _stop(self, node: Node, code: str, message: str) -> None:
        self.report.error(node, code, message)
        raise _StopReadingError


_TAKING: Mapping[type[yaml.Event], Callable[[_Reader, Any], None]] = {
    yaml.ScalarEvent: _Reader._scalar,
    yaml.MappingStartEvent: _Reader._enter,
    yaml.SequenceStartEvent: _Reader._enter,
    yaml.MappingEndEvent: _Reader._leave,
    yaml.SequenceEndEvent: _Reader._leave,
    yaml.AliasEvent: _Reader._alias,
}
"""What is done with each kind of event; the others only say where texts and documents begin and end."""
