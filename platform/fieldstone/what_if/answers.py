"""What a changed role would change, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Side:
    """Records gained or lost. count: of those that the caller may read; records: references to the first."""

    count: int
    records: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Changed:
    """A right of which some records are gained or lost.

    verb: "read", "update", "delete", "assign" or "share". field: of which the right is (to read or update
    it); None: of the record.
    """

    verb: str
    field: str | None
    gained: Side
    lost: Side


@dataclass(frozen=True)
class Create:
    """Whether records may be created: always, never, or (None) depending on the new record."""

    before: bool | None
    after: bool | None


@dataclass(frozen=True)
class EntityDifference:
    """What changes for one entity; `changes` names only rights that differ in some record."""

    entity: str
    create: Create
    changes: tuple[Changed, ...]


@dataclass(frozen=True)
class Held:
    """What somebody would hold more and less: names of roles or capabilities."""

    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True)
class UserDifference:
    """What changes for one user, who is a reference."""

    user: dict[str, Any]
    roles: Held
    capabilities: Held
    entities: tuple[EntityDifference, ...]


@dataclass(frozen=True)
class Difference:
    """The answer. roles: those that were handed in. warnings: what the check says of them.

    entities: those that were compared. users_left_out: how many more hold one of the roles.
    """

    roles: tuple[str, ...]
    entities: tuple[str, ...]
    users: tuple[UserDifference, ...]
    users_left_out: int
    warnings: tuple[dict[str, Any], ...] = ()
