"""`POST …/{id}/merge`: records that mean the same become one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.errors import FieldError, Malformed
from fieldstone.records import Merge
from fieldstone.web import bodies
from fieldstone.web.api.accepting import DUPLICATES, accepting
from fieldstone.web.api.answers import written_record
from fieldstone.web.api.reading import record_id, require_readable
from fieldstone.web.bulk.results import OPERATION
from fieldstone.web.idempotency import idempotent
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context
from fieldstone.web.versions import expected_version

MEMBERS = ("records", "take", "values")


def install(api: Blueprint) -> None:
    """Add the route."""
    api.post("/data/<entity>/<record>/merge")(merge_records)


@idempotent
def merge_records(entity: str, record: str) -> Response:
    """Merge other records into this one; the answer is what it is then."""
    parameters = Parameters(DUPLICATES)
    kept, version, body = record_id(record), expected_version(), bodies.read_object()
    context = accepting(current_context(), parameters)
    require_readable(context, entity, kept)
    bodies.only(body, MEMBERS)
    wanted = Merge(kept, _records(body), _take(body), _object(body, "values"), version)
    done = records.merge(context, entity, wanted)
    response = written_record(context, entity, done.written.id, done.written.version)
    response.headers[OPERATION] = str(done.operation)
    return response


def _records(body: Mapping[str, Any]) -> list[UUID]:
    found = body.get("records")
    if not isinstance(found, list):
        raise _malformed("records", "`records` is the list of the ids of the records to merge into this one.")
    return [_id(one, "records") for one in found]


def _take(body: Mapping[str, Any]) -> dict[str, UUID]:
    return {name: _id(value, f"take.{name}") for name, value in _object(body, "take").items()}


def _id(value: Any, member: str) -> UUID:
    if not isinstance(value, str):
        raise _malformed(member, f"`{member}` names records by their ids.")
    return record_id(value)


def _object(body: Mapping[str, Any], member: str) -> dict[str, Any]:
    found = body.get(member, {})
    if not isinstance(found, dict):
        raise _malformed(member, f"`{member}` is an object with a member for each field.")
    return found


def _malformed(member: str, message: str) -> Malformed:
    return Malformed(message, code="malformed_merge", errors=[FieldError(member, "malformed", message)])
