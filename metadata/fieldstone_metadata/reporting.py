"""Collecting problems while a check goes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fieldstone_metadata.nodes import Node, Source
from fieldstone_metadata.problems import ERROR, WARNING, Problem


@dataclass
class Report:
    """The problems found so far. Every way to add one takes a place, a stable code, a
    sentence and perhaps a hint.
    """

    problems: list[Problem] = field(default_factory=list)

    def at(  # noqa: PLR0917  a place is three values, and every caller names all of them
        self, source: Source, line: int, column: int, code: str, message: str, hint: str | None = None
    ) -> None:
        """An error at a place of a file."""
        problem = Problem(source.path, line, column, code, message, hint, ERROR, source.layer)
        self.problems.append(problem)

    def error(self, node: Node, code: str, message: str, hint: str | None = None) -> None:
        """An error at the value of `node`."""
        self.at(node.source, node.line, node.column, code, message, hint)

    def error_at_key(self, node: Node, code: str, message: str, hint: str | None = None) -> None:
        """An error at the key that leads to `node`."""
        line, column = node.place
        self.at(node.source, line, column, code, message, hint)

    def warning(self, node: Node, code: str, message: str, hint: str | None = None) -> None:
        """A warning at the value of `node`."""
        place = (node.source.path, node.line, node.column)
        self.problems.append(Problem(*place, code, message, hint, WARNING, node.source.layer))

    def warning_at_key(self, node: Node, code: str, message: str, hint: str | None = None) -> None:
        """A warning at the key that leads to `node`."""
        line, column = node.place
        self.warning(Node(None, node.source, line, column), code, message, hint)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Problems that were found elsewhere."""
        self.problems.extend(problems)

    def sorted(self) -> tuple[Problem, ...]:
        """All problems once, by file, line and column."""
        ordered = sorted(
            set(self.problems), key=lambda p: (p.layer, p.path, p.line, p.column, p.code, p.message)
        )
        return tuple(ordered)
