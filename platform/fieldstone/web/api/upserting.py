"""`PUT by/{field}/{value}`: change the record with this unique value, or create it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import Conflict, FieldError, Invalid, Malformed, NotFound
from fieldstone.fields.filters import EQUALS
from fieldstone.fields.refusal import ValueRefused
from fieldstone.model.model import Field
from fieldstone.records import Change, Query
from fieldstone.web import bodies
from fieldstone.web.api.answers import written_record
from fieldstone.web.idempotency import idempotent
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context
from fieldstone.web.versions import expected_version


def install(api: Blueprint) -> None:
    """Add the route; a value may hold slashes."""
    api.put("/data/<entity>/by/<field>/<path:value>")(upsert_record)


@idempotent
def upsert_record(entity: str, field: str, value: str) -> Response:
    """201 with the new record, or 200 with the changed one."""
    Parameters()
    context = current_context()
    key = _unique_field(context, entity, field)
    values = _with_key(bodies.read_object(), key, value)
    found = _find(context, entity, key, value)
    if found is None:
        try:
            return _create(context, entity, values)
        except Conflict:
            found = _find(context, entity, key, value)
            if found is None:
                raise
    return _change(context, entity, found, values)


def _create(context: Context, entity: str, values: Mapping[str, Any]) -> Response:
    written = records.create(context, entity, [values])[0]
    return written_record(context, entity, written.id, written.version, created=True)


def _change(context: Context, entity: str, record: UUID, values: Mapping[str, Any]) -> Response:
    written = records.update(context, entity, [Change(record, values, expected_version())])[0]
    return written_record(context, entity, written.id, written.version)


def _unique_field(context: Context, entity: str, name: str) -> Field:
    found = context.model.entities.get(entity)
    if found is None:
        raise NotFound(f"There is no entity `{entity}`.")
    field = found.field(name)
    if field is None or not field.declaration.unique:
        message = (
            f"`{name}` is not a unique field of `{entity}`, so it cannot tell one record from all others."
        )
        raise Malformed(message, code="not_unique", errors=[FieldError(name, "not_unique", message)])
    return field


def _with_key(body: dict[str, Any], field: Field, value: str) -> dict[str, Any]:
    """The body with the value of the address; another value in the body is a contradiction."""
    sent = body.setdefault(field.name, value)
    if str(sent) != value:
        message = f"The address says {value}, the body says {sent}."
        raise Invalid(message, errors=[FieldError(field.name, "contradiction", message)])
    return body


def _find(context: Context, entity: str, field: Field, value: str) -> UUID | None:
    """The live record with this value, if the caller may read it."""
    try:
        literal = field.type.literal(field.type.read(value))
    except ValueRefused as refused:
        raise Invalid(
            refused.message, errors=[FieldError(field.name, refused.code, refused.message)]
        ) from None
    where = EQUALS.expression(field.name, literal)
    page = records.list(context, entity, Query(where=where, fields=("id",), limit=1))
    return UUID(page.data[0]["id"]) if page.data else None
