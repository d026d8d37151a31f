"""Records about other records: comments and the like. They are seen with the record, and purged with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.context import Context
from fieldstone.fields.any_reference import entity_column
from fieldstone.model.model import Entity, Field, Model
from fieldstone.records.contents import remove_afterwards
from fieldstone_metadata.names import FILE


def forget_about(connection: sa.Connection, context: Context, entity: Entity, ids: Sequence[UUID]) -> None:
    """Remove for good what is about records of `entity` that are purged, with its history and links.

    What refers to them without being about them, such as a notification, keeps its text and loses the way
    there. The number of statements depends on the model alone.
    """
    history = context.database.system.history
    for other, field in _referring(context.model):
        which = _names(other, field, entity, ids)
        if field is not other.about:
            connection.execute(sa.update(other.table).where(which).values(_nothing(field)))
            continue
        gone = sa.select(other.table.c.id).where(which)
        for link in (found.link for found in other.fields.values() if found.link):
            connection.execute(sa.delete(link.table).where(link.source.in_(gone)))
        connection.execute(
            sa.delete(history).where(history.c.entity == other.name, history.c.record.in_(gone))
        )
        removing = sa.delete(other.table).where(which).returning(other.table.c.id)
        removed = list(connection.execute(removing).scalars())
        if other.name == FILE:
            remove_afterwards(connection, context, removed)


def _referring(model: Model) -> list[tuple[Entity, Field]]:
    """The references to any entity."""
    return [
        (entity, field)
        for entity in model.entities.values()
        for field in entity.fields.values()
        if field.leads_anywhere
    ]


def _names(other: Entity, field: Field, entity: Entity, ids: Sequence[UUID]) -> sa.ColumnElement[bool]:
    wanted = sa.bindparam(None, list(ids), type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
    table = other.table
    return sa.and_(table.c[field.name] == sa.any_(wanted), table.c[entity_column(field.name)] == entity.name)


def _nothing(field: Field) -> dict[str, Any]:
    return {column.name: None for column in field.columns}
