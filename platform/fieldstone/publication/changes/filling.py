"""Fields that are required from now on: records that have no value get the default, in the publication.

A plain default and an expression are the same here: each is what a new record with these values would get.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.system_user import system_context
from fieldstone.context import Context
from fieldstone.database.database import Database
from fieldstone.database.joined import JoinedDatabase
from fieldstone.model.model import Entity, Field
from fieldstone.publication.changes.required import is_filled, newly_required
from fieldstone.publication.plan import Difference
from fieldstone.publication.refusal import PlanRefused, Refusal
from fieldstone.records import defaults, rows, writing
from fieldstone.records.batch import Batch, Item
from fieldstone.records.kept.plan import Key

_BATCH = 1000


def fill_required(connection: sa.Connection, database: Database, between: Difference) -> frozenset[Key]:
    """Give the default to the records that have no value in a field that is required from now on.

    Gives the fields (entity, field) that were filled. Raises PlanRefused where a default has no value.
    """
    context = system_context(JoinedDatabase(database, connection), between.new)
    filled = set()
    for entity, field in _waiting(between):
        for found in _empty(connection, context, entity, field):
            _fill(connection, context, entity, field, found)
            filled.add((entity.name, field.name))
    return frozenset(filled)


def _waiting(between: Difference) -> Iterator[tuple[Entity, Field]]:
    """The fields to fill, each entity's in the order in which its documents declare them."""
    if between.old is None:
        return
    for name in sorted(between.entities & between.new.entities.keys()):
        before = between.old.entities.get(between.renames.entity_before(name))
        entity = between.new.entities[name]
        for field in entity.fields.values() if before is not None else ():
            known = before.fields.get(between.renames.field_before(name, field.name)) if before else None
            if newly_required(known, field) and is_filled(field):
                yield entity, field


def _empty(
    connection: sa.Connection, context: Context, entity: Entity, field: Field
) -> Iterator[dict[UUID, dict[str, Any]]]:
    """The records without a value, some at a time."""
    key = entity.table.c.id
    missing = sa.and_(*(column.is_(None) for column in field.columns))
    asked = sa.select(key).where(missing).order_by(key).limit(_BATCH)
    ids = list(connection.scalars(asked))
    while ids:
        yield rows.load(connection, context.model, entity, ids)
        ids = list(connection.scalars(asked.where(key > ids[-1])))


def _fill(
    connection: sa.Connection,
    context: Context,
    entity: Entity,
    field: Field,
    found: dict[UUID, dict[str, Any]],
) -> None:
    items = [Item(place, id_, old=row, new=dict(row)) for place, (id_, row) in enumerate(found.items())]
    batch = Batch(context, connection, entity, items)
    element = f"field {entity.name}.{field.name}"
    for item in items:
        defaults.set_default(batch, item, field)
        if batch.refusals.found:
            raise PlanRefused([Refusal(element, "required", batch.refusals.found[0].error.message)])
        if item.new[field.name] is None:
            message = f"Its default has no value for the record {item.id}. Change that record first."
            raise PlanRefused([Refusal(element, "required", message)])
    columns = [column.name for column in field.columns]
    changed = [{"id": item.id} | _cells(entity, item, columns) for item in items]
    writing.write(connection, context.model, [writing.updating(entity, changed)])


def _cells(entity: Entity, item: Item, columns: list[str]) -> dict[str, object]:
    told = rows.to_columns(entity, item.new)
    return {name: told[name] for name in columns}
