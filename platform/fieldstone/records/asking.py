"""Asking the owner of a record that one may know of but not read for access to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.system_user import SYSTEM_USER, system_context
from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.model.model import Entity
from fieldstone.records import rows
from fieldstone.records.batch import find_entity
from fieldstone.records.create import create
from fieldstone.records.hidden import why_hidden
from fieldstone.records.labels import entity_label
from fieldstone.records.rows import TITLE
from fieldstone.records.rules.notifications import ENTITY, notification
from fieldstone_rules.types import Ref


def ask_for_access(context: Context, entity: str, id_: UUID) -> None:
    """Notify the owner that the caller would like to see a record; once, until the owner has read it.

    Nothing tells the caller whether there is an owner. Raises NotFound if the caller can read the record
    already or may not know of it.
    """
    found = find_entity(context, entity)
    if why_hidden(context, entity, id_) is None:
        kind = entity_label(found, context.principal.locale)
        raise NotFound(f"There is no {kind} with the id {id_} that you could ask for.")
    with context.database.read() as connection:
        record = rows.load(connection, context.model, found, [id_]).get(id_, {})
        owner = record.get("owner")
        if owner is None or owner.id == SYSTEM_USER:
            return
        told = _told(context, found, record, owner)
        waiting = _is_waiting(context, connection, owner, id_, told["subject"])
    if not waiting:
        create(system_context(context.database, context.model, source=context.source), ENTITY, [told])


def _told(context: Context, entity: Entity, record: rows.Row, owner: Ref) -> dict[str, Any]:
    who, notifications = context.principal, context.model.entities[ENTITY]
    words = f"{who.name} asks to see {record[TITLE]}"
    values = notification(notifications, owner, words, Ref(entity.name, record["id"]))
    body = f"{who.name} ({who.email}) may not read it now. Whoever may change its owner or team can let them."
    sent = {"body": body, **values}
    return {name: _sent(value) for name, value in sent.items()}


def _sent(value: Any) -> Any:
    return {"id": str(value.id), "entity": value.entity} if isinstance(value, Ref) else value


def _is_waiting(context: Context, connection: sa.Connection, owner: Ref, id_: UUID, subject: str) -> bool:
    """Whether the owner has the same question before them."""
    table = context.model.entities[ENTITY].table
    same = sa.exists().where(
        table.c.recipient == owner.id,
        table.c.regarding == id_,
        table.c.subject == subject,
        table.c.read_at.is_(None),
        table.c.deleted_at.is_(None),
    )
    return bool(connection.scalar(sa.select(same)))
