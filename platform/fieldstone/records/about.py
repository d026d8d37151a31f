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
from fieldstone.records.kept.follow import follow
from fieldstone.records.kept.walks import Changed
from fieldstone.records.rows import read_columns, read_row
from fieldstone.records.shape import shape_of
from fieldstone_metadata.names import FILE


def forget_about(connection: sa.Connection, context: Context, entity: Entity, ids: Sequence[UUID]) -> None:
    """Remove for good what is about records of `entity` that are purged, with its history and links.

    What refers to them without being about them, such as a notification, keeps its text and loses the way
    there. The number of statements depends on the model alone.
    """
    wanted = sa.bindparam(None, list(ids), type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
    _forget(connection, context, entity.name, wanted)


def forget_about_all(connection: sa.Connection, context: Context, entity: str) -> None:
    """The same of all records that are called those of `entity`, which need not be declared."""
    _forget(connection, context, entity, None)


def _forget(
    connection: sa.Connection, context: Context, entity: str, ids: sa.ColumnElement[Any] | None
) -> None:
    history = context.database.system.history
    for other, field in _referring(context.model):
        which = _names(other, field, entity, ids)
        if field is not other.about:
            _let_go(connection, context, other, field, which)
            continue
        gone = sa.select(other.table.c.id).where(which)
        for link in (found.link for found in shape_of(other).pairs if found.link):
            connection.execute(sa.delete(link.table).where(link.source.in_(gone)))
        connection.execute(
            sa.delete(history).where(history.c.entity == other.name, history.c.record.in_(gone))
        )
        removing = sa.delete(other.table).where(which).returning(other.table.c.id)
        removed = list(connection.execute(removing).scalars())
        if other.name == FILE:
            remove_afterwards(connection, context, removed)


def _let_go(
    connection: sa.Connection, context: Context, other: Entity, field: Field, which: sa.ColumnElement[bool]
) -> None:
    """Empty a reference, and bring up to date what is kept of the records that had it."""
    table = other.table
    chosen = (
        sa.select(*read_columns(context.model, other)).where(which).order_by(table.c.id).with_for_update()
    )
    found = [read_row(other, dict(row)) for row in connection.execute(chosen).mappings()]
    if found:
        connection.execute(sa.update(table).where(which).values(_nothing(field)))
        changed = [Changed(record["id"], record, record | {field.name: None}) for record in found]
        follow(context, connection, {other.name: changed}, computed=False)


def _referring(model: Model) -> list[tuple[Entity, Field]]:
    """The references to any entity."""
    return [
        (entity, field)
        for entity in model.entities.values()
        for field in entity.fields.values()
        if field.leads_anywhere
    ]


def _names(
    other: Entity, field: Field, entity: str, ids: sa.ColumnElement[Any] | None
) -> sa.ColumnElement[bool]:
    table = other.table
    named = table.c[entity_column(field.name)] == entity
    return named if ids is None else sa.and_(table.c[field.name] == sa.any_(ids), named)


def _nothing(field: Field) -> dict[str, Any]:
    return {column.name: None for column in field.columns}
