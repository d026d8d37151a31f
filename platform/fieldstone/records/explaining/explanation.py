"""Questions about rights, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

TRANSITION, CREATE = "transition", "create"
SHARE = "share"
VERBS = ("read", CREATE, "update", "delete", "assign", SHARE, TRANSITION)
GUARD, FOLLOWS, SHARED = "guard", "follows", "share"


@dataclass(frozen=True)
class Question:
    """What is asked: may `user` (None: the caller) do `verb` to the record `id` (None: to some record)?

    field: only about this field (`read`, `create`, `update`). transition: which one, for that verb.
    """

    verb: str
    id: UUID | None = None
    field: str | None = None
    transition: str | None = None
    user: UUID | None = None


@dataclass(frozen=True)
class ExplainedPart:
    """A part of an expression: its place, and its value in the API's form unless that is `hidden`."""

    source: str
    line: int
    column: int
    value: Any
    hidden: bool


@dataclass(frozen=True)
class ExplainedClause:
    """A condition and what it comes to.

    effect: "grant", "field" or "deny" (see `RoleClause`), "guard" of a transition, or "follows": the record
    that this one is about has to be readable, or "share": it was shared with the user, which counts while the
    one who did so may do as much. role: whose it is, if any. words: the condition for people.
    value: whether it holds; None where it is hidden, or depends on the record and none was named.
    """

    role: str | None
    label: str | None
    effect: str
    expression: str = ""
    words: str = ""
    value: bool | None = None
    hidden: bool = False
    parts: tuple[ExplainedPart, ...] = ()


@dataclass(frozen=True)
class HeldRole:
    """One way in which the user holds a role: given to the user or a team of theirs (a reference), or
    inherited by another role that was.
    """

    role: str
    label: str
    given_to: dict[str, Any] | None = None
    inherited_by: str | None = None


@dataclass(frozen=True)
class Explanation:
    """The answer. allowed: None if it depends on the record and none was named. reason: why not, in words.

    user: a reference to whom it is about. roles: those whose clauses grant it. held: how the user comes by
    the roles that the clauses name.
    """

    entity: str
    verb: str
    user: dict[str, Any]
    allowed: bool | None
    reason: str | None
    id: UUID | None = None
    field: str | None = None
    transition: str | None = None
    roles: tuple[str, ...] = ()
    clauses: tuple[ExplainedClause, ...] = ()
    held: tuple[HeldRole, ...] = ()
