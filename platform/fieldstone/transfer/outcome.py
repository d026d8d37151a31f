"""What an import did, counted so that the counts add up: read = created + updated + unchanged + refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

EXAMPLE_LINES = 10
LISTED_PROBLEMS = 1_000


@dataclass(frozen=True)
class Refusal:
    """Why a row cannot be taken. column: of the file, None: the whole row. value: the cell's text."""

    line: int
    column: str | None
    code: str
    message: str
    value: str | None = None

    def __str__(self) -> str:
        """`line 12, account: there is no account “X”`."""
        place = f"line {self.line}" + (f", {self.column}" if self.column else "")
        return f"{place}: {self.message}"

    def as_json(self) -> dict[str, Any]:
        """The refusal as plain values."""
        names = ("line", "column", "code", "message", "value")
        return {name: getattr(self, name) for name in names}


@dataclass
class Reason:
    """One sort of refusal: how many, and where the first of them stand."""

    column: str | None
    code: str
    example: str
    count: int = 0
    lines: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The reason as plain values."""
        return {
            "column": self.column,
            "code": self.code,
            "count": self.count,
            "example": self.example,
            "lines": self.lines,
        }


@dataclass
class Outcome:
    """The counts of a run, or of one batch.

    actions: "created", "updated", "unchanged", "refused" → rows. committed_line: the last line of the last
    batch that was written. aliased: (column, text) → cells that were taken for another text. emptied:
    column → cells that hold no value. left_empty: column → references left empty because there is no such
    record. made: entity → records created for references. problems: the first refusals.
    """

    actions: Counter[str] = field(default_factory=Counter)
    aliased: Counter[tuple[str, str]] = field(default_factory=Counter)
    emptied: Counter[str] = field(default_factory=Counter)
    left_empty: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    reasons: dict[tuple[str | None, str], Reason] = field(default_factory=dict)
    problems: list[Refusal] = field(default_factory=list)
    problem_count: int = 0
    committed_line: int = 0
    finished: bool = False

    @property
    def read(self) -> int:
        """Rows that were read: every one of them was created, updated, unchanged or refused."""
        return self.actions.total()

    @property
    def refused(self) -> int:
        """Rows that were refused."""
        return self.actions["refused"]

    def refuse(self, refusals: Iterable[Refusal]) -> None:
        """Count one refused row. It may have several reasons."""
        self.actions["refused"] += 1
        for refusal in refusals:
            self.problem_count += 1
            if len(self.problems) < LISTED_PROBLEMS:
                self.problems.append(refusal)
            key = refusal.column, refusal.code
            reason = self.reasons.setdefault(key, Reason(*key, refusal.message))
            reason.count += 1
            reason.lines.extend([refusal.line] if len(reason.lines) < EXAMPLE_LINES else [])

    def add(self, batch: Outcome) -> None:
        """Take over the counts of a batch."""
        for name in ("actions", "aliased", "emptied", "left_empty", "made"):
            getattr(self, name).update(getattr(batch, name))
        for key, reason in batch.reasons.items():
            mine = self.reasons.setdefault(key, Reason(*key, reason.example))
            mine.count += reason.count
            mine.lines = (mine.lines + reason.lines)[:EXAMPLE_LINES]
        self.problems.extend(batch.problems[: max(0, LISTED_PROBLEMS - len(self.problems))])
        self.problem_count += batch.problem_count

    def as_json(self) -> dict[str, Any]:
        """The counts as plain values."""
        aliased: dict[str, dict[str, int]] = {}
        for (column, text), count in self.aliased.most_common():
            aliased.setdefault(column, {})[text] = count
        return {
            "finished": self.finished,
            "read": self.read,
            **{name: self.actions[name] for name in ("created", "updated", "unchanged", "refused")},
            "reasons": [reason.as_json() for reason in self.sorted_reasons()],
            "aliased": aliased,
            "empty": dict(self.emptied.most_common()),
            "left_empty": dict(self.left_empty.most_common()),
            "created_references": dict(self.made.most_common()),
            "problems": [problem.as_json() for problem in self.problems],
            "problems_not_listed": self.problem_count - len(self.problems),
        }

    def sorted_reasons(self) -> list[Reason]:
        """The reasons for refusals, the most frequent first."""
        return sorted(self.reasons.values(), key=lambda reason: -reason.count)
