"""The call that merges records, as the OpenAPI document describes it."""

from __future__ import annotations

from typing import Any

from fieldstone.records.merging import MOST
from fieldstone.web.bulk.results import OPERATION
from fieldstone.web.openapi import parameters
from fieldstone.web.openapi.common import record, reference
from fieldstone.web.openapi.parameters import UUID_SCHEMA
from fieldstone.web.openapi.responses import WRITING, answers, json_body
from fieldstone.web.openapi.surface import Surface

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}


def merge_operation(surface: Surface) -> Schema:
    """`POST …/{id}/merge`."""
    headers: Schema = {
        "ETag": {"schema": _TEXT, "description": "The record's version."},
        OPERATION: {"schema": _TEXT, "description": "The operation, by which all of it can be undone."},
    }
    return {
        "operationId": f"{surface.name}.merge",
        "tags": [surface.name],
        "summary": f"Merge other {surface.plural} into this one",
        "responses": answers({200: json_body("The kept record.", record(surface.name), headers)}, WRITING),
        "parameters": [
            parameters.record(),
            parameters.duplicates(),
            parameters.if_match(),
            parameters.idempotency_key(),
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _body(surface)}}},
    }


def _body(surface: Surface) -> Schema:
    records = {"type": "array", "minItems": 1, "maxItems": MOST, "uniqueItems": True, "items": UUID_SCHEMA}
    return {
        "type": "object",
        "required": ["records"],
        "properties": {
            "records": records | {"description": "Those that go to the bin; all that refers to them moves."},
            "take": {
                "type": "object",
                "description": "Field → the merged record whose value this one gets.",
                "additionalProperties": UUID_SCHEMA,
            },
            "values": reference(f"{surface.name}.update"),
        },
        "additionalProperties": False,
    }
