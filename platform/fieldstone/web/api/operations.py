"""Operations, such as an import or a bulk change: what they are, and taking them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.records.operations import Operation
from fieldstone.records.row_outcomes import RowOutcome
from fieldstone.records.undo import CHANGED_SINCE
from fieldstone.web import bodies
from fieldstone.web.api.answers import json_value, moment
from fieldstone.web.api.reading import record_id
from fieldstone.web.idempotency import idempotent
from fieldstone.web.parameters import Parameters, refuse
from fieldstone.web.request_context import current_context

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 500
People = Mapping[UUID, Mapping[str, Any]]


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/operations")(list_operations)
    api.get("/operations/<operation>")(get_operation)
    api.post("/operations/<operation>/undo")(undo_operation)


def list_operations() -> Response:
    """What was done to many records at once, newest first, and by what each is taken back."""
    parameters = Parameters("limit", "cursor")
    limit = parameters.integer("limit", DEFAULT_LIMIT, 1, LARGEST_LIMIT)
    context, before = current_context(), _cursor(parameters.text("cursor"))
    found = records.recent_operations(context, limit + 1, before=before)
    page = found[:limit]
    people = records.operators(context, [one.operation for one in page])
    following = str(page[-1].operation.id) if len(found) > limit else None
    return json_value({"data": [_recent(one, people) for one in page], "next": following})


def get_operation(operation: str) -> Response:
    """What one call did to many records: of the caller, or for an administrator of anybody."""
    Parameters()
    context = current_context()
    found = records.require_operation(context, record_id(operation))
    return json_value(_operation(found, records.operators(context, [found])))


@idempotent
def undo_operation(operation: str) -> Response:
    """Take it back, as far as nobody has changed its records since and the caller may."""
    Parameters()
    identity = record_id(operation)
    bodies.read_nothing()
    done = records.undo(current_context(), identity)
    told = [_told(entity, record, outcome) for entity, record, outcome in done.told]
    counts = {name: getattr(done, name) for name in ("undone", "unchanged", "changed_since", "refused")}
    return json_value({"operation": str(done.operation), **counts, "records": told})


def _cursor(text: str | None) -> UUID | None:
    """The operation that a page ended with."""
    try:
        return None if text is None else UUID(text)
    except ValueError:
        refuse("cursor", "This cursor is not one of this list.", "bad_cursor")


def _operation(one: Operation, people: People) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "at": moment(one.at),
        "actor": people[one.actor],
        "action": one.action,
        "entity": one.entity,
        "note": one.note,
        "undoes": None if one.undoes is None else str(one.undoes),
    }


def _recent(one: records.Recent, people: People) -> dict[str, Any]:
    counts = {"changed": one.changed, "deleted": one.deleted, "more": one.more}
    undo = None if one.latest is None else str(one.latest)
    return _operation(one.operation, people) | counts | {"undone": one.undone, "undo": undo}


def _told(entity: str, record: UUID, outcome: RowOutcome) -> dict[str, Any]:
    first = outcome.errors[0]
    since = first.code in (CHANGED_SINCE, "version_conflict")
    action = CHANGED_SINCE if since else outcome.action
    return {
        "entity": entity,
        "id": str(record),
        "action": action,
        "code": first.code,
        "detail": first.message,
    }
