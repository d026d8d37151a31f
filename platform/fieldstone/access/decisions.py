"""A decision about a record: some grants, any of which suffices, and some denials, none of which may hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fieldstone.context import TokenLimits
from fieldstone.model.model import Condition, Rule
from fieldstone_rules import EvaluationError


@dataclass(frozen=True)
class Follows:
    """The right of a holder of `access_key` over the live record that the reference `field` names.

    verb: "read" or "update". within: the field that tells which field of that record holds this one (a file);
    then a right over that field is needed too, and while there is no record, this one is its creator's alone.
    """

    field: str
    access_key: tuple[frozenset[str], TokenLimits | None]
    verb: str = "read"
    within: str | None = None


@dataclass(frozen=True)
class OfParent:
    """What has to hold of the record that a record lives inside. field: the reference to it; entity: its
    entity. Where that one lives inside another one too, that is asked in turn.
    """

    field: str
    entity: str
    asked: Rule | Follows | Shared | OfParent


@dataclass(frozen=True)
class Shared:
    """Whether a record of `entity` was shared, for reading or updating (verb), by somebody who may do that.

    field: only what the sharer may do with that field counts. inside: it is one of the records of that entity
    that live inside the shared one.
    """

    entity: str
    verb: str
    field: str | None = None
    inside: str | None = None


Part = Condition | Follows | OfParent | Shared
Clause = tuple[Part, ...]
"""Conditions that must hold together."""
Question = Rule | Follows | OfParent | Shared
"""What has to be asked of a record."""


@dataclass(frozen=True, eq=False)
class Decision:
    """May this be done with this record?

    grants: one of these clauses must hold; unknown is false. denials: none may hold; unknown is true.
    """

    grants: tuple[Clause, ...] = ()
    denials: tuple[Part, ...] = ()

    @cached_property
    def constant(self) -> bool | None:
        """The answer if it is the same for all records, else None."""
        if not self.grants or any(denial is True for denial in self.denials):
            return False
        return True if () in self.grants and not self.denials else None

    def allows(self, value: Callable[[Question], Any]) -> bool:
        """The answer for the record about which `value` answers. `EvaluationError` counts as unknown."""
        granted = any(all(_known(c, value, unknown=False) for c in clause) for clause in self.grants)
        return granted and not any(_known(denial, value, unknown=True) for denial in self.denials)

    def rules(self) -> Iterable[Rule]:
        """All rules that it may evaluate, so that what they read can be fetched."""
        yield from (c for clause in self.grants for c in clause if isinstance(c, Rule))
        yield from (denial for denial in self.denials if isinstance(denial, Rule))


NEVER = Decision()
ALWAYS = Decision(grants=((),))


def decision(grants: Iterable[Iterable[Part]], denials: Iterable[Part] = ()) -> Decision:
    """A decision in its shortest form: without clauses that cannot hold and parts that always hold."""
    kept = dict.fromkeys(
        tuple(dict.fromkeys(c for c in clause if c is not True))
        for clause in map(tuple, grants)
        if not any(c is False for c in clause)
    )
    effective = tuple(dict.fromkeys(denial for denial in denials if denial is not False))
    if not kept or any(denial is True for denial in effective):
        return NEVER
    return Decision(((),) if () in kept else tuple(kept), effective)


def _known(condition: Part, value: Callable[[Question], Any], *, unknown: bool) -> bool:
    if isinstance(condition, bool):
        return condition
    try:
        answer = value(condition)
    except EvaluationError:
        return unknown
    return unknown if answer is None else bool(answer)
