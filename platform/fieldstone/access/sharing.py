"""Which records may be shared one by one, and what their sharers may do: as the roles of a publication say.

A share opens one record to a user, a team or the holders of a role. It never gives more than the roles of its
sharer do at the moment when it is used: who loses a right takes it from everybody whom he gave it to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fieldstone.model.model import Model
from fieldstone_metadata import declarations

SHARED_VERBS = ("read", "update")
"""What a record can be shared for; updating includes reading."""

_ADMIN = "admin"


@dataclass(frozen=True)
class Share:
    """A record shared with the user or team `receiver` (which of them says `receiver_entity`), or with all
    who hold `role`.

    verb: "read" or "update". sharer_roles, sharer_teams: what the sharer holds now. ended_at: when it was
    taken back or replaced.
    """

    id: UUID
    entity: str
    record: UUID
    verb: str
    receiver: UUID | None
    receiver_entity: str | None
    role: str | None
    sharer: UUID
    sharer_roles: tuple[str, ...]
    sharer_teams: tuple[UUID, ...]
    at: datetime
    expires_at: datetime | None
    ended_at: datetime | None

    @property
    def end(self) -> datetime | None:
        """When it ended or will end."""
        return self.ended_at or self.expires_at

    def serves(self, verb: str, now: datetime) -> bool:
        """Whether it was given for `verb`, is not taken back and has not expired."""
        is_over = self.ended_at is not None or (self.expires_at is not None and self.expires_at <= now)
        return self.verb in {"update", verb} and not is_over


def is_shareable(model: Model, entity: str) -> bool:
    """Whether records of an entity are shared one by one: some role besides `admin` says which."""
    key = (__name__, entity)
    if key not in model.cache:
        model.cache[key] = any(grant.share is not False for _, grant in grants_on(model, entity))
    found: bool = model.cache[key]
    return found


def grants_on(model: Model, entity: str) -> Iterator[tuple[declarations.Role, declarations.EntityGrant]]:
    """What each role but `admin` says of an entity."""
    for name, role in model.roles.items():
        if name != _ADMIN and entity in role.entities:
            yield role, role.entities[entity]


def narrowed_fields(model: Model, entity: str) -> frozenset[str]:
    """The fields that some sharer may not read or set."""
    narrowed = {name for _, grant in grants_on(model, entity) for name in grant.fields}
    fields = model.entities[entity].fields
    return frozenset(narrowed | {name for name, field in fields.items() if field.declaration.private})
