"""What became of a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Failure:
    """One thing that was not as a test expects it. details: values of parts, or reasons, a line each."""

    path: str
    line: int
    message: str
    details: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where it stands, as editors read it."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Outcome:
    """A test that has run. file: the name of its rule file. seconds: how long it took."""

    file: str
    path: str
    line: int
    name: str
    role: str | None
    seconds: float
    failures: tuple[Failure, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures

    def as_json(self) -> Mapping[str, Any]:
        """The outcome as plain values."""
        return {
            "file": self.file,
            "path": self.path,
            "line": self.line,
            "name": self.name,
            "role": self.role,
            "passed": self.passed,
            "seconds": round(self.seconds, 4),
            "failures": [
                {"path": failure.path, "line": failure.line, "message": failure.message}
                | {"details": list(failure.details)}
                for failure in self.failures
            ],
        }
