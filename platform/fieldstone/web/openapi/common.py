"""Schemas that do not depend on the model."""

from __future__ import annotations

from typing import Any

from fieldstone.web.openapi.parameters import UUID_SCHEMA
from fieldstone.web.openapi.responses import PROBLEM, PROBLEM_ENTRY

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
VERSION: Schema = {"type": "integer", "minimum": 1}


def reference(name: str) -> Schema:
    """A pointer to a component schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(item: Schema) -> Schema:
    """`{"data": […]}`."""
    return {"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": item}}}


def paged(item: Schema) -> Schema:
    """`{"data": […], "next": …}`."""
    page = listed(item)
    page["properties"]["next"] = {"type": ["string", "null"], "description": "The cursor of the next page."}
    return page | {"required": ["data", "next"]}


WRITTEN: Schema = {
    "type": "object",
    "required": ["id", "version"],
    "properties": {"id": UUID_SCHEMA, "version": VERSION},
}
RESULT: Schema = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"type": "integer"},
        "id": UUID_SCHEMA,
        "version": VERSION,
        "code": TEXT,
        "detail": TEXT,
        "errors": {"type": "array", "items": reference("ProblemEntry")},
    },
}
TRANSITION: Schema = {
    "type": "object",
    "required": ["name", "label", "to", "allowed", "reasons", "ask"],
    "properties": {
        "name": TEXT,
        "label": TEXT,
        "to": TEXT,
        "allowed": {"type": "boolean"},
        "reasons": {"type": "array", "items": TEXT, "description": "Why it is not allowed now."},
        "ask": {"type": "array", "items": TEXT, "description": "Fields to send with it."},
    },
}
CHANGE: Schema = {
    "type": "object",
    "required": ["id", "version", "at", "actor", "action", "changes"],
    "properties": {
        "id": {"type": "integer"},
        "version": VERSION,
        "at": {"type": "string", "format": "date-time"},
        "actor": {"type": ["object", "null"]},
        "source": TEXT,
        "note": MAYBE_TEXT,
        "action": TEXT,
        "transition": MAYBE_TEXT,
        "changes": {
            "type": "object",
            "description": "Field → [old value, new value].",
            "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2},
        },
    },
}
GROUP_REQUEST: Schema = {
    "type": "object",
    "properties": {
        "where": {
            "type": ["string", "null"],
            "description": "An expression; only records for which it holds.",
        },
        "rows": {"type": "array", "items": TEXT, "description": "Expressions to group by."},
        "measures": {
            "type": "object",
            "description": "Name → what to compute.",
            "additionalProperties": TEXT,
            "example": {"deals": "count()", "value": "sum(amount)"},
        },
    },
    "additionalProperties": False,
}
FOUND: Schema = {
    "type": "object",
    "required": ["id", "entity", "title"],
    "properties": {"id": UUID_SCHEMA, "entity": TEXT, "title": MAYBE_TEXT},
}
ME: Schema = {
    "type": "object",
    "required": ["id", "name", "email", "roles", "teams", "capabilities", "locale", "timezone", "limits"],
    "properties": {
        "id": UUID_SCHEMA,
        "name": TEXT,
        "email": TEXT,
        "roles": {"type": "array", "items": TEXT},
        "teams": {"type": "array", "items": UUID_SCHEMA},
        "capabilities": {"type": "array", "items": TEXT},
        "locale": TEXT,
        "timezone": MAYBE_TEXT,
        "limits": {
            "type": ["object", "null"],
            "description": "What the token in use is narrowed to.",
            "properties": {
                "entities": {"type": ["array", "null"], "items": TEXT},
                "verbs": {"type": ["array", "null"], "items": TEXT},
            },
        },
    },
}
SCHEMAS: dict[str, Schema] = {
    "Problem": PROBLEM,
    "ProblemEntry": PROBLEM_ENTRY,
    "WrittenRecord": WRITTEN,
    "WrittenRecords": listed(WRITTEN),
    "PartialResults": listed(RESULT),
    "Transitions": listed(TRANSITION),
    "History": paged(CHANGE),
    "GroupRequest": GROUP_REQUEST,
    "Groups": listed({"type": "object"}),
    "Found": listed(FOUND),
    "Me": ME,
}
