"""Problems of a rule text, each with a place, a stable code, one plain sentence and often a suggestion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a source text.

    line, column: 1-based place of the first character; end_line, end_column: behind the last one.
    code: stable, for programs (`unknown_name`). hint: what to do, or None (``did you mean `account`?``).
    severity: "error" or "warning".
    """

    code: str
    message: str
    line: int
    column: int
    end_line: int
    end_column: int
    hint: str | None = None
    severity: str = "error"


class RuleError(Exception):
    """A source text cannot be used; `problems` says why, all at once and in their order in the text."""

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__("; ".join(f"{p.line}:{p.column}: {p.message}" for p in self.problems))


class EvaluationError(Exception):
    """An expression has no value for this record: a limit was reached or a number left its range."""

    def __init__(self, code: str, message: str, line: int = 0, column: int = 0) -> None:
        self.code = code
        self.message = message
        self.line = line
        self.column = column
        super().__init__(message)
