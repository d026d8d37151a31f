"""What stands beside a record: its history, comments, files, approvals; and what waits for the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from fieldstone import records
from fieldstone.model.model import Entity
from fieldstone.records import Change, Query
from fieldstone_rules import Ref
from fieldstone_ui.data.reader import COMMENT, FILE, NOTIFICATION, Record, context, readable_entities
from fieldstone_ui.data.references import lookup

MOST_UNREAD = 100
MOST_PEOPLE = 50


def history(owner: Entity, identity: UUID) -> list[dict[str, Any]]:
    """What happened to a record, newest first."""
    return records.history(context(), owner.name, identity)


def may_comment(owner: Entity) -> bool:
    """Whether the reader may read comments on records of an entity, and write some."""
    return owner.declaration.activities and COMMENT in readable_entities()


def comments(owner: Entity, identity: UUID, most: int) -> records.Page:
    """The newest comments on a record, with their number."""
    about = ("regarding", Ref(owner.name, identity))
    fields = ("body", "created_at", "created_by", "mentions", "version")
    query = Query(fields=fields, order=("-created_at",), limit=most, related=about, count="exact")
    return records.list(context(), COMMENT, query)


def may_have_files(owner: Entity) -> bool:
    """Whether records of an entity may have files attached to them that the reader sees."""
    return owner.declaration.activities and FILE in readable_entities()


def files(owner: Entity, identity: UUID, most: int) -> records.Page:
    """The newest files of a record, attached or in its fields."""
    about = ("regarding", Ref(owner.name, identity))
    fields = ("name", "size", "media_type", "field", "created_at", "created_by")
    return records.list(
        context(), FILE, Query(fields=fields, order=("-created_at",), limit=most, related=about)
    )


def holds_files(owner: Entity, name: str) -> bool:
    """Whether a field holds files."""
    return any(field.name == name for field in owner.holding_files)


def people(owner: Entity, identity: UUID, typed: str, most: int) -> list[Record]:
    """References to people who may read a record and whose names hold what was typed. Raises NotFound."""
    found = {UUID(hit["id"]): hit for hit in lookup("user", typed, MOST_PEOPLE)}
    allowed = records.who_may_read(context(), owner.name, identity, list(found))
    return [found[user] for user in allowed[:most]]


def unread() -> int:
    """How many notifications the reader has not read, at most a hundred: one statement for a page's shell."""
    if NOTIFICATION not in readable_entities():
        return 0
    query = Query(where="recipient == user and read_at == null", fields=("id",), limit=MOST_UNREAD)
    return len(records.list(context(), NOTIFICATION, query).data)


def notifications(most: int) -> records.Page:
    """The reader's newest notifications."""
    fields = ("subject", "regarding", "created_at", "created_by", "read_at")
    query = Query(where="recipient == user", fields=fields, order=("-created_at",), limit=most)
    return records.list(context(), NOTIFICATION, query)


def mark_read(identities: Sequence[UUID]) -> None:
    """Mark notifications of the reader as read."""
    now = {"read_at": context().now.isoformat()}
    records.update(context(), NOTIFICATION, [Change(identity, now) for identity in identities])


def transitions(owner: Entity, identity: UUID) -> Sequence[records.TransitionState]:
    """The transitions from a record's state, each allowed or with its reasons."""
    return records.transitions(context(), owner.name, identity)


def pending_approval(owner: Entity, identity: UUID) -> records.ApprovalState | None:
    """The request for approval about a record that is pending."""
    return records.pending_approval(context(), owner.name, identity)


def approval(owner: Entity, identity: UUID, asked: UUID) -> records.ApprovalState:
    """One request for approval. Raises NotFound."""
    return records.approval(context(), owner.name, identity, asked)


def waiting_for_me() -> Sequence[records.ApprovalState]:
    """The requests on which the reader can decide, oldest first."""
    return records.waiting_for_me(context())


def due(owner: Entity, identities: Sequence[UUID]) -> Mapping[UUID, records.Due]:
    """Until when records may stay in their states."""
    return records.due(context(), owner.name, identities)


def mark_overdue(owner: Entity, rows: Iterable[Record]) -> None:
    """Note under `_overdue` which records have stayed in their state for too long."""
    found = {UUID(row["id"]): row for row in rows}
    for identity, limit in due(owner, list(found)).items():
        found[identity]["_overdue"] = limit.overdue


def ask_for_access(owner: Entity, identity: UUID) -> None:
    """Tell the owner of such a record that the reader would like to see it."""
    records.ask_for_access(context(), owner.name, identity)


def stays(owner: Entity, identity: UUID) -> Sequence[records.Stay]:
    """How long a record was in which state, oldest first."""
    return records.stays(context(), owner.name, identity)
