"""Schemas that do not depend on the model."""

from __future__ import annotations

from typing import Any

from fieldstone.fields.reference import REFERENCE_SCHEMA
from fieldstone.records.operations import BULK, IMPORT, MERGE, UNDO
from fieldstone.web.openapi.parameters import UUID_SCHEMA
from fieldstone.web.openapi.responses import PROBLEM, PROBLEM_ENTRY

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
_TYPES_OF_GENERATORS = frozenset(
    {
        "any",
        "array",
        "binary",
        "boolean",
        "byte",
        "bytes",
        "char",
        "date",
        "datetime",
        "decimal",
        "double",
        "file",
    }
    | {
        "float",
        "integer",
        "list",
        "long",
        "map",
        "none",
        "number",
        "object",
        "set",
        "short",
        "string",
        "time",
    }
    | {"tuple", "uri", "url", "uuid"}
)
VERSION: Schema = {"type": "integer", "minimum": 1}


def reference(name: str) -> Schema:
    """A pointer to a component schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def record_name(entity: str) -> str:
    """What the schema of an entity's records is called.

    Generators of clients take some names for types of theirs, and stop.
    """
    return f"{entity}.record" if entity in _TYPES_OF_GENERATORS else entity


def record(entity: str) -> Schema:
    """A pointer to the schema of an entity's records."""
    return reference(record_name(entity))


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
CONCERNED: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["entity", "label", "field", "field_label", "count", "titles"],
        "properties": {
            "entity": TEXT,
            "label": TEXT,
            "field": MAYBE_TEXT | {"description": "The reference to what would go."},
            "field_label": MAYBE_TEXT,
            "count": {"type": "integer", "minimum": 1, "description": "Of all, readable or not."},
            "titles": {"type": "array", "items": TEXT, "description": "Of some that you may read."},
        },
    },
}
DELETE_PREVIEW: Schema = {
    "type": "object",
    "required": ["allowed", "reason", "deleted", "cleared", "blocking", "forbidden"],
    "properties": {
        "allowed": {"type": "boolean", "description": "Whether nothing is in the way."},
        "reason": MAYBE_TEXT | {"description": "Why you may not delete the record itself."},
        "deleted": CONCERNED | {"description": "What would go to the recycle bin with it."},
        "cleared": CONCERNED | {"description": "What would lose its reference to it."},
        "blocking": CONCERNED | {"description": "What refers to it and has to be changed first."},
        "forbidden": CONCERNED | {"description": "What would go with it and you may not delete."},
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
        "needs_approval": {"type": "boolean", "description": "As the record is, it would only be asked for."},
        "pending": MAYBE_TEXT | {"description": "The id of the request for approval that waits."},
        "from_here": {"type": "boolean", "description": "It leads from the record's state."},
    },
}
TRANSITIONS: Schema = listed(TRANSITION)
TRANSITIONS["properties"] |= {
    "due_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "Until when the record may stay in its state.",
    },
    "overdue": {"type": "boolean"},
}
CHANGE: Schema = {
    "type": "object",
    "required": ["id", "version", "at", "actor", "action", "changes"],
    "properties": {
        "id": {"type": "integer"},
        "version": {
            "type": ["integer", "null"],
            "minimum": 1,
            "description": "Of the record afterwards; null where a link to it was made or removed by itself.",
        },
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
EVENT: Schema = {
    "type": "object",
    "required": ["id", "entity", "record", "action"],
    "properties": {
        "id": {"type": "integer", "description": "The place in the feed."},
        "at": {"type": "string", "format": "date-time"},
        "entity": TEXT,
        "record": UUID_SCHEMA,
        "action": TEXT | {"description": "What was done; `gone`: the record left your sight."},
        "version": VERSION,
        "actor": {"type": "object"},
        "operation": MAYBE_TEXT,
        "data": {"type": "object", "description": "The record as you may read it now."},
    },
}
OPERATION: Schema = {
    "type": "object",
    "required": ["id", "at", "actor", "action", "entity", "note", "undoes"],
    "properties": {
        "id": UUID_SCHEMA,
        "at": {"type": "string", "format": "date-time"},
        "actor": reference("Reference"),
        "action": {"enum": [BULK, IMPORT, MERGE, UNDO]},
        "entity": TEXT,
        "note": MAYBE_TEXT,
        "undoes": MAYBE_TEXT | {"description": "The operation that it took back."},
    },
}
COUNT: Schema = {"type": "integer", "minimum": 0}
RECENT: Schema = {
    "allOf": [
        reference("Operation"),
        {
            "type": "object",
            "required": ["changed", "deleted", "more", "undone", "undo"],
            "properties": {
                "changed": COUNT | {"description": "How many records of `entity` it changed."},
                "deleted": COUNT | {"description": "How many of these it moved to the recycle bin."},
                "more": {"type": "boolean", "description": "They were more: not all are counted."},
                "undone": {"type": "boolean", "description": "Whether it is taken back now."},
                "undo": {
                    "type": ["string", "null"],
                    "format": "uuid",
                    "description": "The operation to undo: that takes this one back, or does it again where "
                    "it is taken back. Null: neither is possible.",
                },
            },
        },
    ]
}
UNDONE: Schema = {
    "type": "object",
    "required": ["operation", "undone", "unchanged", "changed_since", "refused", "records"],
    "properties": {
        "operation": UUID_SCHEMA | {"description": "The undo itself, which can be undone too."},
        "undone": COUNT,
        "unchanged": COUNT,
        "changed_since": COUNT,
        "refused": COUNT,
        "records": {
            "type": "array",
            "description": "Those that stayed as they are, with the reason; at most a thousand.",
            "items": {"type": "object"},
        },
    },
}
EVENTS = listed(EVENT)
EVENTS["properties"]["next"] = TEXT | {"description": "From where to go on."}
EVENTS["properties"]["rights"] = TEXT | {
    "description": "Another text as soon as your rights are others, which is no event: read everything anew."
}
EVENTS["required"] = ["data", "next", "rights"]
KEYS: Schema = {"type": "array", "maxItems": 5, "items": TEXT}
GROUP_REQUEST: Schema = {
    "type": "object",
    "properties": {
        "where": {
            "type": ["string", "null"],
            "description": "An expression; only records for which it holds.",
        },
        "rows": KEYS | {"description": "Field paths to group by, or buckets such as `month(created_at)`."},
        "columns": KEYS | {"description": "The same, for the columns of a pivot."},
        "measures": {
            "type": "object",
            "description": "Name → what to compute.",
            "additionalProperties": TEXT,
            "maxProperties": 20,
            "example": {"records": "count()"},
        },
        "order": KEYS | {"description": "Names of rows, columns and measures, `-` in front for descending."},
        "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1000},
        "totals": {"type": "boolean", "default": False, "description": "Also the measures of everything."},
    },
    "additionalProperties": False,
}
GROUPS_OF_RECORDS: Schema = {"type": "array", "items": {"type": "object"}}
GROUPS: Schema = {
    "type": "object",
    "required": ["data", "more"],
    "properties": {
        "data": GROUPS_OF_RECORDS
        | {"description": "The keys and measures of each group that has records; of a pivot, of each cell."},
        "more": {"type": "boolean", "description": "Whether there are more rows than the limit."},
        "rows": GROUPS_OF_RECORDS | {"description": "Of a pivot, the totals of its rows, in order."},
        "columns": GROUPS_OF_RECORDS | {"description": "Of a pivot, the totals of its columns, in order."},
        "total": {"type": "object", "description": "The measures over everything, where asked for."},
    },
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
_RECEIVER: Schema = {
    "anyOf": [
        {
            "type": "object",
            "required": ["entity", "id"],
            "properties": {"entity": {"enum": ["user", "team"]}, "id": UUID_SCHEMA, "title": MAYBE_TEXT},
            "additionalProperties": False,
        },
        {
            "type": "object",
            "required": ["role"],
            "properties": {"role": TEXT, "title": MAYBE_TEXT},
            "additionalProperties": False,
        },
    ],
    "description": "A user, a team with those below it, or everybody who holds a role.",
}
_UNTIL: Schema = {"type": ["string", "null"], "format": "date-time", "description": "Null: it does not end."}
SHARE: Schema = {
    "type": "object",
    "required": ["id", "with", "verb", "shared_by", "shared_at", "expires_at", "in_force"],
    "properties": {
        "id": UUID_SCHEMA,
        "with": _RECEIVER,
        "verb": {"enum": ["read", "update"]},
        "shared_by": FOUND,
        "shared_at": {"type": "string", "format": "date-time"},
        "expires_at": _UNTIL,
        "in_force": {"type": "boolean", "description": "Whether who shared it may still do as much."},
    },
}
SHARE_REQUEST: Schema = {
    "type": "object",
    "required": ["with"],
    "properties": {"with": _RECEIVER, "verb": {"enum": ["read", "update"]}, "expires_at": _UNTIL},
    "additionalProperties": False,
}
SCHEMAS: dict[str, Schema] = {
    "Problem": PROBLEM,
    "ProblemEntry": PROBLEM_ENTRY,
    "WrittenRecord": WRITTEN,
    "WrittenRecords": listed(WRITTEN),
    "PartialResults": listed(RESULT),
    "Transitions": TRANSITIONS,
    "DeletePreview": DELETE_PREVIEW,
    "History": paged(CHANGE),
    "Events": EVENTS,
    "Operation": OPERATION,
    "RecentOperation": RECENT,
    "Operations": paged(reference("RecentOperation")),
    "Reference": REFERENCE_SCHEMA,
    "Undone": UNDONE,
    "GroupRequest": GROUP_REQUEST,
    "Groups": GROUPS,
    "Found": listed(FOUND),
    "Me": ME,
    "Share": SHARE,
    "Shares": listed(reference("Share")),
    "ShareRequest": SHARE_REQUEST,
}
