"""The operations and schemas of approvals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fieldstone.records.approvals.requests import APPROVE, REJECT, STATUSES
from fieldstone.web.api.answers import PREFIX
from fieldstone.web.openapi import parameters
from fieldstone.web.openapi.parameters import UUID_SCHEMA
from fieldstone.web.openapi.responses import READING, WRITING, answers, json_body
from fieldstone.web.openapi.surface import Surface

Schema = dict[str, Any]
NAME = "ApprovalRequest"
_TEXT: Schema = {"type": "string"}
_MAYBE_TEXT: Schema = {"type": ["string", "null"]}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_REFERENCE: Schema = {
    "type": "object",
    "required": ["id", "entity", "title"],
    "properties": {"id": UUID_SCHEMA, "entity": _TEXT, "title": _MAYBE_TEXT},
}
_NEEDS: Schema = {
    "anyOf": [{"type": "string"}, {"type": "integer"}],
    "description": "`any`, `all` or a number.",
}
_STEP: Schema = {
    "type": "object",
    "required": ["waits_for", "needs", "approvers"],
    "properties": {
        "waits_for": _TEXT,
        "needs": _NEEDS,
        "approvers": {
            "type": "array",
            "items": _REFERENCE,
            "description": "Who may decide now; known of the step that is being decided.",
        },
    },
}
_DECISION: Schema = {
    "type": "object",
    "required": ["step", "decision", "by", "on_behalf_of", "reason", "at", "valid"],
    "properties": {
        "step": {"type": "integer", "minimum": 1},
        "decision": {"enum": [APPROVE, REJECT]},
        "by": _REFERENCE,
        "on_behalf_of": {"type": "array", "items": _REFERENCE, "description": "Whom a deputy stood in for."},
        "reason": _MAYBE_TEXT,
        "at": _MOMENT,
        "valid": {"type": "boolean", "description": "False: the record was changed after it."},
    },
}
REQUEST: Schema = {
    "type": "object",
    "description": "A transition that waits, or waited, for an approval.",
    "required": ["id", "record", "transition", "status", "requested_by", "requested_at", "steps", "may"],
    "properties": {
        "id": UUID_SCHEMA,
        "record": _REFERENCE,
        "transition": _TEXT,
        "label": _TEXT,
        "to": _MAYBE_TEXT | {"description": "The state it leads to."},
        "status": {"enum": list(STATUSES)},
        "requested_by": _REFERENCE,
        "requested_at": _MOMENT,
        "values": {"type": "object", "description": "What was asked for, as far as you may read it."},
        "step": {"type": ["integer", "null"], "description": "The step that is being decided, from 1."},
        "steps": {"type": "array", "items": _STEP},
        "waits_for": _MAYBE_TEXT,
        "decisions": {"type": "array", "items": _DECISION},
        "may": {"type": "array", "items": {"enum": [APPROVE, REJECT, "withdraw"]}},
        "closed_at": {"type": ["string", "null"], "format": "date-time"},
        "closed_by": {"anyOf": [_REFERENCE, {"type": "null"}]},
        "reason": _MAYBE_TEXT | {"description": "Why it ended."},
    },
}
DECIDED: Schema = {
    "type": "object",
    "description": "The record cannot be seen by you any more.",
    "required": ["id"],
    "properties": {"id": UUID_SCHEMA},
    "additionalProperties": False,
}
SCHEMAS: dict[str, Schema] = {
    NAME: REQUEST,
    "ApprovalRequests": {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "array", "items": {"$ref": f"#/components/schemas/{NAME}"}}},
    },
}
_ACTS = {
    "approve": "Agree to a request; the last approval performs it",
    "reject": "Refuse a request, with a reason",
    "withdraw": "Take a request back",
}


def has_approvals(surface: Surface) -> bool:
    """Whether any transition of the entity may need an approval."""
    return surface.entity.workflow is not None and surface.entity.workflow.has_approvals


def accepted() -> Schema:
    """The answer to a transition that waits for an approval."""
    location = {"Location": {"schema": _TEXT, "description": "Where the request is."}}
    return json_body("It waits for an approval; nothing was changed.", _reference(NAME), location)


def approval_paths(surface: Surface, base: str) -> Iterator[tuple[str, Schema]]:
    """Path → operations by method."""
    listed = answers({200: json_body("Requests, newest first.", _reference("ApprovalRequests"))}, READING)
    listing = _operation(surface, "approvals", "Requests for approval about the record", listed)
    yield f"{base}/{{id}}/approvals", {"get": listing | {"parameters": [parameters.record()]}}
    one = f"{base}/{{id}}/approvals/{{approval}}"
    found = answers({200: json_body("The request.", _reference(NAME))}, READING)
    getting = _operation(surface, "approval", "One request for approval", found)
    yield one, {"get": getting | {"parameters": _identifying()}}
    for name, summary in _ACTS.items():
        yield f"{one}/{name}", {"post": _act(surface, name, summary)}


def waiting_operation() -> Schema:
    """`GET /approvals`."""
    found = answers({200: json_body("Requests, oldest first.", _reference("ApprovalRequests"))}, READING)
    return {
        "operationId": "approvals",
        "tags": ["general"],
        "summary": "What waits for your approval",
        "responses": found,
    }


WAITING = f"{PREFIX}/approvals"


def _act(surface: Surface, name: str, summary: str) -> Schema:
    told = {"anyOf": [_reference(NAME), DECIDED]}
    body: Schema = {
        "type": "object",
        "required": ["reason"] if name == "reject" else [],
        "properties": {"reason": {"type": "string", "maxLength": 2000}},
        "additionalProperties": False,
    }
    operation = _operation(
        surface, name, summary, answers({200: json_body("The request as it is now.", told)}, WRITING)
    )
    return operation | {
        "parameters": [*_identifying(), parameters.if_match(), parameters.idempotency_key()],
        "requestBody": {
            "required": name == "reject",
            "content": {"application/json": {"schema": body}},
        },
    }


def _identifying() -> list[Schema]:
    approval: Schema = {"name": "approval", "in": "path", "required": True, "schema": UUID_SCHEMA}
    return [parameters.record(), approval | {"description": "The id of the request."}]


def _operation(surface: Surface, verb: str, summary: str, responses: Schema) -> Schema:
    return {
        "operationId": f"{surface.name}.{verb}",
        "tags": [surface.name],
        "summary": summary,
        "responses": responses,
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
