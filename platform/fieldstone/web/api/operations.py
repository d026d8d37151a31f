"""Operations, such as an import or a bulk change: what they are, and taking them back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.records.row_outcomes import RowOutcome
from fieldstone.records.undo import CHANGED_SINCE
from fieldstone.web import bodies
from fieldstone.web.api.answers import json_value
from fieldstone.web.api.reading import record_id
from fieldstone.web.idempotency import idempotent
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/operations/<operation>")(get_operation)
    api.post("/operations/<operation>/undo")(undo_operation)


def get_operation(operation: str) -> Response:
    """What one call did to many records: of the caller, or for an administrator of anybody."""
    Parameters()
    found = records.require_operation(current_context(), record_id(operation))
    return json_value(
        {
            "id": str(found.id),
            "at": found.at.isoformat().replace("+00:00", "Z"),
            "actor": {"id": str(found.actor), "entity": "user"},
            "action": found.action,
            "entity": found.entity,
            "note": found.note,
            "undoes": None if found.undoes is None else str(found.undoes),
        }
    )


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
