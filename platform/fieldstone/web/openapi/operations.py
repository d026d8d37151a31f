"""The calls about operations, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

from fieldstone.web.api.answers import PREFIX
from fieldstone.web.openapi import parameters
from fieldstone.web.openapi.common import reference
from fieldstone.web.openapi.responses import READING, WRITING, answers, json_body

Schema = dict[str, Any]


def operation_paths() -> dict[str, dict[str, Schema]]:
    """Path → operations by method."""
    base = f"{PREFIX}/operations/{{id}}"
    operation = parameters.record() | {"description": "`Fieldstone-Operation` of the call that did it."}
    found = json_body("What one call did to many records.", reference("Operation"))
    undone = json_body("What became of its records.", reference("Undone"))
    return {
        base: {
            "get": _described("operation", "What an operation was", answers({200: found}, READING))
            | {"parameters": [operation]}
        },
        f"{base}/undo": {
            "post": _described("undo", "Take an operation back", answers({200: undone}, WRITING))
            | {"parameters": [operation, parameters.idempotency_key()]}
        },
    }


def _described(name: str, summary: str, responses: Schema) -> Schema:
    return {"operationId": name, "tags": ["general"], "summary": summary, "responses": responses}
