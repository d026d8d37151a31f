"""How a check goes about rule files: afresh, or by taking over what another check has found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fieldstone_rules.checking.context import UserFunction
from fieldstone_rules.errors import Problem
from fieldstone_rules.rule_files.declarations import RuleFile


@dataclass(frozen=True, eq=False)
class FileCheck:
    """What the check of one file found. file: what of it could be read."""

    file: RuleFile
    problems: tuple[Problem, ...]


class Course:
    """Afresh. Whoever knows an earlier check gives `RuleFiles` one that says what is still right of it."""

    def kept(self, file: str) -> FileCheck | None:  # noqa: ARG002  there is no earlier check
        """What an earlier check found of a file, where it would find the same again.

        Such a file is not even read, so it has to be one without functions.
        """
        return None

    def file(self, file: str, check: Callable[[], FileCheck]) -> FileCheck:  # noqa: ARG002  all are alike
        """What `check` finds of a file; called for each of them."""
        return check()

    def function(self, full_name: str, find: Callable[[], UserFunction]) -> UserFunction:  # noqa: ARG002
        """What `find` gives for a function; called each time that one is used."""
        return find()
