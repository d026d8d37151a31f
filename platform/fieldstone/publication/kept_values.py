"""What the platform keeps beside records: titles, search texts, stored formulas.

When a publication declares them differently, they are computed again for the records that exist. They follow
from the records, so neither versions nor the history change.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.system_user import system_context
from fieldstone.context import Context
from fieldstone.database.database import Database
from fieldstone.database.joined import JoinedDatabase
from fieldstone.model.model import Entity, Field, Model
from fieldstone.publication.elements import meaning
from fieldstone.publication.refusals import PlanRefused, Refusal
from fieldstone.records import formulas, rows, writing
from fieldstone.records.batch import Batch, Item

_BATCH = 1000


def outdated_entities(old: Model | None, new: Model) -> list[Entity]:
    """Entities of both models whose kept values are declared differently in `new`."""
    before = old.entities if old else {}
    both = [entity for name, entity in new.entities.items() if name in before]
    return [entity for entity in both if _kept(before[entity.name]) != _kept(entity)]


def compute_again(connection: sa.Connection, database: Database, old: Model | None, model: Model) -> None:
    """Bring the kept values of all outdated entities up to date, in the caller's transaction.

    Raises PlanRefused if a stored formula has no value for a record.
    """
    context = system_context(JoinedDatabase(database, connection), model)
    for entity in outdated_entities(old, model):
        for ids in _ids_in_batches(connection, entity):
            _compute_batch(connection, context, entity, ids)


def _kept(entity: Entity) -> object:
    stored = [(field.name, field.declaration.formula) for field in _stored_formulas(entity)]
    return meaning((entity.declaration.title, entity.declaration.search, stored))


def _stored_formulas(entity: Entity) -> list[Field]:
    return [field for field in entity.fields.values() if field.formula is not None and field.stored]


def _ids_in_batches(connection: sa.Connection, entity: Entity) -> Iterator[list[UUID]]:
    column = entity.table.c.id
    statement = sa.select(column).order_by(column).limit(_BATCH)
    ids = list(connection.scalars(statement))
    while ids:
        yield ids
        ids = list(connection.scalars(statement.where(column > ids[-1])))


def _compute_batch(connection: sa.Connection, context: Context, entity: Entity, ids: list[UUID]) -> None:
    found = rows.load(connection, context.model, entity, ids)
    items = [Item(place, id_, old=row, new=dict(row)) for place, (id_, row) in enumerate(found.items())]
    batch = Batch(context, connection, entity, items)
    formulas.compute(batch)
    if batch.refusals.found:
        error = batch.refusals.found[0].error
        element = f"field {entity.name}.{error.field}"
        raise PlanRefused(
            [Refusal(element, "not_computable", f"{error.message} Change those records first.")]
        )
    changed = [_row(entity, item) for item in items]
    writing.write(connection, context.model, [writing.updating(entity, changed)])


def _row(entity: Entity, item: Item) -> dict[str, object]:
    columns = rows.to_columns(entity, item.new)
    stored = [column.name for field in _stored_formulas(entity) for column in field.columns]
    kept = {name: columns[name] for name in (*stored, rows.TITLE)}
    return {"id": item.id, rows.SEARCH: formulas.search_text(entity, item.new)} | kept
