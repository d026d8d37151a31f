"""What every operation may answer: the problem document, by status, and the successes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Schema = dict[str, Any]

PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "description": "Stable, for programs."},
        "detail": {"type": "string", "description": "What happened and what to do next, for people."},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemEntry"}},
        "reason": {"type": "string", "description": "Why it is not allowed (403)."},
    },
    "example": {
        "type": "urn:fieldstone:problem:invalid",
        "title": "Some values were refused",
        "status": 422,
        "code": "invalid",
        "detail": "Name is required.",
        "errors": [
            {
                "field": "name",
                "code": "required",
                "message": "Name is required.",
                "line": None,
                "column": None,
            }
        ],
    },
}
PROBLEM_ENTRY: Schema = {
    "type": "object",
    "required": ["field", "code", "message", "line", "column"],
    "properties": {
        "field": {
            "type": ["string", "null"],
            "description": "The field, or null for the request as a whole.",
        },
        "code": {"type": "string"},
        "message": {"type": "string"},
        "line": {"type": ["integer", "null"], "description": "In a sent expression, from 1."},
        "column": {"type": ["integer", "null"]},
    },
}
MEANINGS: Mapping[int, str] = {
    400: "The request cannot be read: broken JSON, an unknown parameter, a nonsense expression.",
    401: "No token, or one that is unknown, expired or revoked.",
    403: "The caller may not do this; `reason` says why.",
    404: "There is no such record, or the caller may not know of it.",
    405: "The address does not take this method.",
    408: "The body came too slowly; nothing was done.",
    409: "In conflict with other data: a broken `unique`, a record still referred to.",
    410: "What was asked for is kept no longer; start anew.",
    411: "The body does not say how long it is: send `Content-Length`.",
    412: "Somebody else changed the record since it was read; `changes` says who changed what.",
    413: "The body is too large.",
    415: "The body is of another kind than this address takes, or compressed.",
    416: "That part is not in the file; `Content-Range` says how large it is.",
    422: "Values were refused; `errors` names each field.",
    429: "Too many requests; try again after `Retry-After` seconds.",
    503: "The database cannot be reached, is busy with others, or took too long; nothing was written. Try "
    "again after `Retry-After` seconds.",
    504: "The connection to the database broke in the moment of saving: it may be written or not. Look "
    "before you repeat it, or repeat it with the same `Idempotency-Key`.",
}
READING = (400, 401, 403, 404, 405, 503)
WRITING = (*READING, 408, 409, 412, 413, 415, 422, 504)


def problems() -> dict[str, Schema]:
    """The shared responses, by component name."""
    return {f"Problem{status}": _problem(status) for status in MEANINGS}


def answers(successes: Mapping[int, Schema], statuses: Iterable[int]) -> dict[str, Schema]:
    """The responses of an operation: its successes and references to the shared problems."""
    refused = {
        str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(statuses)
    }
    return {str(status): response for status, response in successes.items()} | refused


def json_body(description: str, schema: Schema, headers: Schema | None = None) -> Schema:
    """A success with a JSON body."""
    found: Schema = {"description": description, "content": {"application/json": {"schema": schema}}}
    return found | ({"headers": headers} if headers else {})


def empty(description: str) -> Schema:
    """A success without a body."""
    return {"description": description}


def _problem(status: int) -> Schema:
    found: Schema = {
        "description": MEANINGS[status],
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in {429, 503}:
        found["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return found
