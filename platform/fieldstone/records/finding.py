"""Finding one record by a value that no other live record has."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.predicates import joined_clause
from fieldstone.context import Context
from fieldstone.errors import FieldError, Invalid, Malformed
from fieldstone.fields.refusal import ValueRefused
from fieldstone.model.model import Entity, Field
from fieldstone.records.filters import system_scope
from fieldstone.records.names import entity_named
from fieldstone.records.request_values import request_values
from fieldstone.records.source import Viewer
from fieldstone.records.statements import Statement, kept

_VALUE = "fs_value"


def find(context: Context, entity: str, field: str, value: Any) -> UUID | None:
    """The id of the live record whose unique `field` has `value`, if the caller may read both.

    value: in the API's form.

    Raises:
        NotFound: if there is no such entity.
        Malformed: `not_unique`, if the field is not unique or unknown to the caller.
        Invalid: if the field cannot hold such a value.
    """
    found = entity_named(context.model, entity)
    viewer = Viewer(context.model, context.principal.access_key)
    key_field = _unique(viewer, found, field)
    column, stored = _stored(key_field, value)
    key = ("find", viewer.access_key, entity, field)
    statement = kept(context.model).get(key, lambda: _statement(viewer, found, key_field, column))
    values = request_values(context, statement, {_VALUE: stored})
    found_ids = statement.run(context.database, values).column(0)
    return UUID(found_ids[0].decode()) if found_ids else None


def _unique(viewer: Viewer, entity: Entity, name: str) -> Field:
    field = entity.fields.get(name)
    known = field is not None and viewer.access(entity.name).field_read(name).constant is not False
    if field is None or not known or not field.declaration.unique or len(field.columns) != 1:
        message = f"`{name[:80]}` is no unique field of `{entity.name}`, so it does not tell records apart."
        raise Malformed(message, code="not_unique", errors=[FieldError(name, "not_unique", message)])
    return field


def _stored(field: Field, value: Any) -> tuple[str, Any]:
    """The column and what it holds for a value."""
    try:
        ((column, stored),) = field.type.to_row(field.type.read(value)).items()
    except ValueRefused as refused:
        entry = FieldError(field.name, refused.code, refused.message)
        raise Invalid(refused.message, errors=[entry]) from None
    return column, stored


def _statement(viewer: Viewer, entity: Entity, field: Field, column: str) -> Statement:
    table = entity.table.alias()
    granted = viewer.access(entity.name)
    scope = system_scope(viewer, entity.name, table, live=True)
    decisions = (granted.read, granted.field_read(field.name))
    rights = [joined_clause(viewer.model, decision, scope) for decision in decisions]
    value = sa.bindparam(_VALUE, type_=table.c[column].type)
    select = sa.select(sa.cast(table.c.id, sa.Text)).select_from(scope.apply(table))
    conditions = [right for right in rights if right is not None]
    return Statement(select.where(table.c[column] == value, table.c.deleted_at.is_(None), *conditions))
