"""Loading the `data` documents of an app, through the same door as everything else.

A record is found again by the key of its data set, so loading twice changes nothing. A data set that is
as it was in the last publication is not loaded again: what people changed since is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone import records
from fieldstone.access.system_user import system_context
from fieldstone.context import Context
from fieldstone.database.database import Database
from fieldstone.database.joined import JoinedDatabase
from fieldstone.errors import Invalid
from fieldstone.fields.reference import ReferenceType
from fieldstone.model.model import Entity, Field, Model
from fieldstone.publication.elements import meaning
from fieldstone.records.environment import environment
from fieldstone_metadata.declarations import DataSet
from fieldstone_rules import Purpose, Scope, check_expression, compile_closure

Values = Mapping[str, Any]
_BATCH = 500


def load_publication_data(
    connection: sa.Connection, database: Database, old: Model | None, model: Model
) -> None:
    """Load the data sets of `model` that `old` does not have alike, in the caller's transaction."""
    context = system_context(JoinedDatabase(database, connection), model, source="import")
    known = old.application.data if old else {}
    for name, data_set in model.application.data.items():
        unchanged = name in known and meaning(known[name]) == meaning(data_set)
        if not data_set.demo and not unchanged:
            load_data_set(context, data_set)


def load_demo_data(context: Context) -> int:
    """Load the data sets that only a demonstration needs; how many records they name."""
    demo = [data_set for data_set in context.model.application.data.values() if data_set.demo]
    for data_set in demo:
        load_data_set(context, data_set)
    return sum(len(data_set.records) for data_set in demo)


def load_data_set(context: Context, data_set: DataSet) -> None:
    """Create the records that are missing and change those that differ.

    Raises Invalid for what cannot be saved.
    """
    context = context.with_source("import", f"data {data_set.name}")
    entity = context.model.entities[data_set.entity]
    for start in range(0, len(data_set.records), _BATCH):
        _load_batch(context, data_set, entity, data_set.records[start : start + _BATCH])


def _load_batch(context: Context, data_set: DataSet, entity: Entity, rows: Sequence[Values]) -> None:
    resolved = [{name: _resolve(context, entity, name, value) for name, value in row.items()} for row in rows]
    found = [_find(context, entity, {name: row.get(name) for name in data_set.key}) for row in resolved]
    missing = [row for row, known in zip(resolved, found, strict=True) if known is None]
    if missing:
        records.create(context, entity.name, missing)
    changed = [
        records.Change(known, {name: row[name] for name in row if name not in data_set.key})
        for row, known in zip(resolved, found, strict=True)
        if known is not None
    ]
    if changed:
        records.update(context, entity.name, changed)


def _resolve(context: Context, entity: Entity, name: str, value: Any) -> Any:
    """A value in the API's form: expressions evaluated, references found by the given fields."""
    field = entity.field(name)
    if field is None:
        raise Invalid(f"`{entity.name}` has no field `{name}`.")
    if isinstance(value, str) and value.startswith("="):
        return field.type.api_form(_evaluate(context, value[1:]))
    if isinstance(field.type, ReferenceType) and isinstance(value, Mapping) and "id" not in value:
        return _referred(context, field, value)
    return value


def _evaluate(context: Context, source: str) -> Any:
    scope = Scope(context.model.rules_schema, purpose=Purpose.VALUE)
    return compile_closure(check_expression(source, scope))(environment(context))


def _referred(context: Context, field: Field, key: Values) -> dict[str, Any]:
    for target in field.type.targets if isinstance(field.type, ReferenceType) else ():
        found = _find(context, context.model.entities[target], key)
        if found is not None:
            return {"id": str(found), "entity": target}
    described = ", ".join(f"{name} = {value!r}" for name, value in key.items())
    raise Invalid(f"`{field.name}`: there is no record with {described}.")


def _find(context: Context, entity: Entity, key: Values) -> UUID | None:
    """The id of the live record whose fields have these values (in the API's form), or None."""
    conditions = [entity.table.c.deleted_at.is_(None)]
    for name, value in key.items():
        field = entity.field(name)
        if field is None:
            raise Invalid(f"`{entity.name}` has no field `{name}`.")
        read = field.type.read(_resolve(context, entity, name, value))
        row = field.type.to_row(read)
        conditions += [entity.table.c[column] == cell for column, cell in row.items()]
    with context.database.read() as connection:
        found: UUID | None = connection.scalar(sa.select(entity.table.c.id).where(*conditions).limit(1))
    return found
