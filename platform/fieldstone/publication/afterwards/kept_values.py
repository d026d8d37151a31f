"""What the platform keeps beside records: titles, search texts, stored formulas.

When a publication declares them differently, they are computed again for the records that exist. They follow
from the records, so neither versions nor the history change.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.system_user import system_context
from fieldstone.context import Context
from fieldstone.database.database import Database
from fieldstone.database.joined import JoinedDatabase
from fieldstone.model.kept_values import KeptValue
from fieldstone.model.model import Entity, Field, Model
from fieldstone.model.rule_columns import columns_of
from fieldstone.publication.changes.renames import Renames
from fieldstone.publication.changes.statements import DIALECT
from fieldstone.publication.plan import Difference
from fieldstone.publication.refusal import PlanRefused, Refusal
from fieldstone.records import formulas, rows, writing
from fieldstone.records.batch import Batch, Item
from fieldstone.records.kept.plan import KeptPlan, Key, plan_of
from fieldstone.records.kept.recomputing import recompute

_BATCH = 1000


def following(model: Model, changed: Collection[Key]) -> frozenset[Key]:
    """The kept values that follow from fields (entity, field), directly or through others."""
    found = set(changed)
    for kept in (kept for group in plan_of(model).groups for kept in group):
        if any((read.entity, read.field) in found for read in kept.reads):
            found.add(kept.key)
    return frozenset(found & plan_of(model).values.keys())


def bring_up_to_date(
    connection: sa.Connection, database: Database, model: Model, outdated: Collection[Key]
) -> None:
    """Compute kept values of all records, in the caller's transaction.

    Raises PlanRefused if a stored formula has no value for a record.
    """
    if not outdated:
        return
    plan, context = plan_of(model), system_context(JoinedDatabase(database, connection), model)
    in_python = _in_python(plan, outdated)
    for name in sorted({entity for entity, _ in in_python}):
        entity = model.entities[name]
        for ids in _ids_in_batches(connection, entity):
            _compute_batch(connection, context, entity, ids)
    for group in plan.groups:
        due = [kept for kept in group if kept.key in outdated and kept.key not in in_python]
        if due:
            recompute(context, connection, due, None)


def compute_for(
    context: Context, connection: sa.Connection, wanted: Collection[Key], ids: list[UUID]
) -> None:
    """Compute kept values of one entity for some of its records, which the caller has locked.

    Nobody is told: with the values computed on read until now nothing changes. Raises as `bring_up_to_date`.
    """
    plan = plan_of(context.model)
    in_python = _in_python(plan, wanted)
    for name in {entity for entity, _ in in_python}:
        _compute_batch(connection, context, context.model.entities[name], ids)
    for group in plan.groups:
        due = [kept for kept in group if kept.key in wanted and kept.key not in in_python]
        if due:
            recompute(context, connection, due, ids, told=False)


def _in_python(plan: KeptPlan, keys: Collection[Key]) -> frozenset[Key]:
    """Stored formulas that follow from their record alone: so it is known which record has no value."""
    return frozenset(key for key in keys if key not in plan.foreign and plan.values[key].field is not None)


def outdated_values(between: Difference) -> frozenset[Key]:
    """What is kept of entities of both models and means something else in the new one, with what follows.

    The system user, who was there before the first publication, counts as one of the old.
    """
    old, new, renames = between.stored, between.new, between.renames
    plan, before = plan_of(new), plan_of(old).values if old is not None else {}
    known = set(map(renames.entity, old.entities)) if old is not None else {"user"}
    touched = _touched(between)
    found: set[Key] = set()
    for kept in (kept for group in plan.groups for kept in group if kept.entity in known):
        follows = any((read.entity, read.field) in found for read in kept.reads)
        if (
            follows
            or old is None
            or (_reads(kept, touched) and _differs(old, before.get(_key_before(kept, renames)), new, kept))
        ):
            found.add(kept.key)
    return frozenset(found)


def _key_before(kept: KeptValue, renames: Renames) -> Key:
    return renames.entity_before(kept.entity), renames.field_before(kept.entity, kept.name)


def _touched(between: Difference) -> Container[str]:
    """The entities whose values may mean something else: a changed function may be used anywhere."""
    if any(change.kind == "rules" for change in between.changes):
        return between.new.entities.keys()
    models = [model for model in (between.old, between.new) if model is not None]
    names = {change.name for change in between.changes if change.kind == "workflow"}
    governed = (model.application.workflows.get(name) for model in models for name in names)
    return between.entities | {workflow.entity for workflow in governed if workflow is not None}


def _reads(kept: KeptValue, entities: Container[str]) -> bool:
    """Whether a value is made from records of some entities, formulas that are not stored followed."""
    reads = (entity for expression in kept.expressions for entity, _ in expression.reads)
    return kept.entity in entities or any(entity in entities for entity in reads)


def _differs(old: Model, before: KeptValue | None, new: Model, kept: KeptValue) -> bool:
    return before is None or _meaning(old, before) != _meaning(new, kept)


def _meaning(model: Model, kept: KeptValue) -> object:
    """What computes the value, formulas that are not stored and the states of workflows included."""
    source = model.entities[kept.entity].table.alias()
    values = columns_of(model, kept, source).values()
    compiled = sa.select(*(value.label(None) for value in values)).compile(dialect=DIALECT)
    return str(compiled), sorted((name, repr(value)) for name, value in compiled.params.items())


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
        record = next((item.id for item in items if item.position == error.record), "")
        message = f"{error.message} (record {record}). Change such records first."
        raise PlanRefused([Refusal(f"field {entity.name}.{error.field}", "not_computable", message)])
    changed = [_row(entity, item) for item in items]
    writing.write(connection, context.model, [writing.updating(entity, changed)])


def _row(entity: Entity, item: Item) -> dict[str, object]:
    columns = rows.to_columns(entity, item.new)
    stored = [column.name for field in _stored_formulas(entity) for column in field.columns]
    return {"id": item.id} | {name: columns[name] for name in stored}
