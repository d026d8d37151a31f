"""Places in a source text."""

from __future__ import annotations

from typing import NamedTuple

from fieldstone_rules.errors import Problem


class Span(NamedTuple):
    """The characters from `start` up to, not including, `end` (offsets from 0)."""

    start: int
    end: int


NOWHERE = Span(0, 0)


def line_and_column(source: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column of a character of `source`."""
    before = source[: max(offset, 0)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def problem_at(
    source: str, span: Span, code: str, message: str, hint: str | None = None, *, severity: str = "error"
) -> Problem:
    """A problem that points at `span` of `source`."""
    line, column = line_and_column(source, span.start)
    end_line, end_column = line_and_column(source, max(span.end, span.start))
    return Problem(code, message, line, column, end_line, end_column, hint, severity)


def caret(source: str, problem: Problem) -> str:
    """The line that a problem is about, and under it a line of carets that point at the place."""
    line = source.split("\n")[problem.line - 1] if source else ""
    same_line = problem.end_line == problem.line
    width = (problem.end_column if same_line else len(line) + 1) - problem.column
    return f"{line}\n{' ' * (problem.column - 1)}{'^' * max(1, width)}"
