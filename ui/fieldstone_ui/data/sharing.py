"""With whom records are shared: reading it, sharing, taking it back, and finding who may receive."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fieldstone import records
from fieldstone.model.model import Entity
from fieldstone.records.labels import text_of
from fieldstone_rules import Ref
from fieldstone_ui.data.reader import Record, context, locale
from fieldstone_ui.data.references import lookup

ROLE = "role"
RECEIVERS = ("user", "team")


def shares(owner: Entity, identity: UUID) -> list[dict[str, Any]]:
    """With whom a record is shared, in the form of the API. Raises NotFound."""
    return records.shares(context(), owner.name, identity)


def share(owner: Entity, identity: UUID, receiver: Record, verb: str, until: datetime | None) -> None:
    """Share a record with a user, a team or the holders of a role, for reading or updating."""
    kind, name = receiver["entity"], receiver["id"]
    ref = None if kind == ROLE else Ref(kind, UUID(name))
    wanted = records.Sharing(ref, name if kind == ROLE else None, verb, until)
    records.share(context(), owner.name, identity, wanted)


def unshare(owner: Entity, identity: UUID, share_id: UUID) -> None:
    """Take a share back."""
    records.unshare(context(), owner.name, identity, share_id)


def reading_roles(owner: Entity) -> list[records.ReadingRole]:
    """The roles that let their holders read records of an entity."""
    return records.reading_roles(context(), owner.name)


def receivers(typed: str, most: int) -> list[Record]:
    """References to users, teams and roles whose names hold what was typed, at most so many of each; the
    reader is none of them. A role stands as `{"entity": "role", "id": its name}`.
    """
    own = str(context().principal.user)
    found = [hit for kind in RECEIVERS for hit in lookup(kind, typed, most) if hit["id"] != own]
    return found + _roles(typed)[:most]


def receivers_called(title: str) -> list[Record]:
    """The users, teams and roles of exactly this name."""
    return [hit for hit in receivers(title, 20) if hit["title"].casefold() == title.casefold()]


def receiver(token: str) -> Record | None:
    """What `user:0198…`, `team:0198…` or `role:sales_rep` stands for; None if it stands for nothing."""
    kind, _, name = token.partition(":")
    if kind == ROLE:
        return {"entity": ROLE, "id": name}
    try:
        return {"entity": kind, "id": str(UUID(name))} if kind in RECEIVERS else None
    except ValueError:
        return None


def _roles(typed: str) -> list[Record]:
    words = typed.casefold().split()
    labels = {name: text_of(role.label, locale()) for name, role in context().model.roles.items()}
    fitting = [
        {"entity": ROLE, "id": name, "title": label}
        for name, label in labels.items()
        if all(word in label.casefold() for word in words)
    ]
    return sorted(fitting, key=lambda hit: hit["title"])
