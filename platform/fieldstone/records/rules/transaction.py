"""What the rules of one transaction have used up, and the limits that stop one that runs away."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from fieldstone.errors import FieldError, Invalid
from fieldstone_rules import limits
from fieldstone_rules.types import Ref

if TYPE_CHECKING:
    from fieldstone.records.batch import Item

logger = logging.getLogger("fieldstone.rules")


class RuleFailed(Invalid):
    """A rule could not do what it says: a limit, a value that cannot be, a record that refuses it."""

    code = "rule_failed"
    title = "A rule of this application failed"


@dataclass(frozen=True)
class Place:
    """Where a rule is: its full name (`sales.stamp_win`) and a line of its file.

    as_user: what it writes there needs the rights of the acting user.
    """

    rule: str
    line: int
    as_user: bool = False


@dataclass(frozen=True, eq=False)
class Pending:
    """A field of another record that a trigger set before the write: it is written with it."""

    item: Item
    place: Place
    record: Ref
    field: str
    value: Any


@dataclass(eq=False)
class RuleRun:
    """One transaction, as far as rules are concerned; shared by all saves within it.

    open: the records of the saves that are under way, so that all of them see what a rule changes.
    seen: (rule, record) → the values it waited for when it last ran.
    pending: what triggers have set on other records and nobody has written yet.
    """

    steps: int = 0
    queries: int = 0
    touched: int = 0
    depth: int = 0
    open: dict[Ref, Item] = field(default_factory=dict)
    seen: dict[tuple[str, Ref], Hashable] = field(default_factory=dict)
    pending: dict[Ref, dict[str, Any]] = field(default_factory=dict)

    def query(self, place: Place) -> None:
        """Count a query that a rule makes."""
        self.queries += 1
        allowed = limits.current.queries
        if self.queries > allowed:
            exceeded(place, f"more than {allowed:,} queries in one transaction")

    def touch(self, place: Place, count: int) -> None:
        """Count records that a rule writes."""
        self.touched += count
        allowed = limits.current.touched
        if self.touched > allowed:
            exceeded(place, f"more than {allowed:,} records written in one transaction")

    def enter(self, place: Place) -> None:
        """Begin a save within a save."""
        self.depth += 1
        allowed = limits.current.trigger_depth
        if self.depth > allowed:
            exceeded(place, f"rules fire each other more than {allowed} levels deep")

    def leave(self) -> None:
        """End a save within a save."""
        self.depth -= 1


@dataclass(eq=False)
class Meter:
    """Counts the steps of one rule in one save."""

    run: RuleRun
    steps: int = 0

    def step(self, place: Place, count: int = 1) -> None:
        """Count steps. Raises RuleFailed beyond the limits."""
        self.steps += count
        self.run.steps += count
        allowed = limits.current
        if self.steps > allowed.steps_of_a_rule:
            exceeded(place, f"more than {allowed.steps_of_a_rule:,} steps")
        if self.run.steps > allowed.steps:
            exceeded(place, f"more than {allowed.steps:,} steps in one transaction")


def exceeded(place: Place, limit: str) -> NoReturn:
    """Stop because a limit is reached; says the rule, the limit and the line."""
    failed(place, f"The rule {place.rule} was stopped in line {place.line}: {limit}. Nothing was saved.")


def failed(place: Place, message: str, record: Ref | None = None, position: int = 0) -> NoReturn:
    """Stop with a message for the user; the log says which rule, line and record it was."""
    logger.warning("rule %s line %s record %s: %s", place.rule, place.line, record, message)
    raise RuleFailed(message, errors=[FieldError(None, "rule_failed", message, position)])
