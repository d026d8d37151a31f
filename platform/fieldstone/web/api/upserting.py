"""`PUT by/{field}/{value}`: change the record with this unique value, or create it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import Conflict, FieldError, Invalid, VersionConflict
from fieldstone.records import Change
from fieldstone.web import bodies
from fieldstone.web.api.accepting import DUPLICATES, accepting
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
    parameters = Parameters(DUPLICATES)
    context = accepting(current_context(), parameters)
    found = records.find(context, entity, field, value)
    values = _with_key(bodies.read_object(), field, value)
    if found is None:
        _require_no_version(value)
        try:
            return _create(context, entity, values)
        except Conflict:
            # Perhaps somebody created it this moment; if not, something else is taken.
            found = records.find(context, entity, field, value)
            if found is None:
                raise
    return _change(context, entity, found, values)


def _require_no_version(value: str) -> None:
    """Refuse to create where `If-Match` says that the record is there, in whatever version (RFC 9110)."""
    if "If-Match" in request.headers:
        expected_version()
        raise VersionConflict(f"There is no record “{value[:80]}” any more, or you may not see it.")


def _create(context: Context, entity: str, values: Mapping[str, Any]) -> Response:
    written = records.create(context, entity, [values])[0]
    return written_record(context, entity, written.id, written.version, created=True)


def _change(context: Context, entity: str, record: UUID, values: Mapping[str, Any]) -> Response:
    written = records.update(context, entity, [Change(record, values, expected_version())])[0]
    return written_record(context, entity, written.id, written.version)


def _with_key(body: dict[str, Any], field: str, value: str) -> dict[str, Any]:
    """The body with the value of the address; another value in the body is a contradiction."""
    sent = body.setdefault(field, value)
    if str(sent) != value:
        message = f"The address says {value}, the body says {sent}."
        raise Invalid(message, errors=[FieldError(field, "contradiction", message)])
    return body
