"""Problems of metadata: where they are, what is wrong, and what to do about it.

Every problem has a stable code for programs. `EXPLANATIONS` says of each code what it means; the reference
page of
problems is generated from it, and a test fails for a code that is not explained.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with a layer's documents.

    path: the file, relative to the layer's folder. line, column: 1-based. layer: the layer that owns the
    file.
    severity: "error" (nothing can be published) or "warning".
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    hint: str | None = None
    severity: str = ERROR
    layer: str = ""

    def __str__(self) -> str:
        """`file:line:column: message`, the form that editors and people read."""
        return f"{self.path}:{self.line}:{self.column}: {self.message}"

    def as_json(self) -> dict[str, str | int | None]:
        """The problem as plain values, for `--format json` and the API."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "severity": self.severity,
            "layer": self.layer,
        }


class MetadataError(Exception):
    """A layer cannot be read, or an app cannot be made; `problems` says why, all at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def render_text(problems: Iterable[Problem]) -> str:
    """`problems` for a terminal: one line each, the hint on a line of its own below it."""
    lines = []
    for problem in problems:
        mark = "warning: " if problem.severity == WARNING else ""
        place = f"{problem.path}:{problem.line}:{problem.column}"
        lines.append(f"{place}: {mark}{problem.message} [{problem.code}]")
        if problem.hint:
            lines.append(f"    hint: {problem.hint}")
    return "\n".join(lines)


def render_json(problems: Iterable[Problem]) -> str:
    """`problems` for a program: a JSON list of objects with the keys of `Problem`."""
    return json.dumps([problem.as_json() for problem in problems], ensure_ascii=False, indent=2)
