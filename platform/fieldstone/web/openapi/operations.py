"""The calls about operations, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

from fieldstone.web.api.answers import PREFIX
from fieldstone.web.api.operations import DEFAULT_LIMIT, LARGEST_LIMIT
from fieldstone.web.openapi import parameters
from fieldstone.web.openapi.common import reference
from fieldstone.web.openapi.responses import READING, WRITING, answers, json_body

Schema = dict[str, Any]


def operation_paths() -> dict[str, dict[str, Schema]]:
    """Path → operations by method."""
    base = f"{PREFIX}/operations"
    operation = parameters.record() | {"description": "`Fieldstone-Operation` of the call that did it."}
    found = json_body("What one call did to many records.", reference("Operation"))
    undone = json_body("What became of its records.", reference("Undone"))
    return {
        base: {"get": _listing()},
        f"{base}/{{id}}": {
            "get": _described("operation", "What an operation was", answers({200: found}, READING))
            | {"parameters": [operation]}
        },
        f"{base}/{{id}}/undo": {
            "post": _described("undo", "Take an operation back", answers({200: undone}, WRITING))
            | {"parameters": [operation, parameters.idempotency_key()]}
        },
    }


def _listing() -> Schema:
    page = json_body("A page, newest first.", reference("Operations"))
    page["links"] = {"undo": {"operationId": "undo", "parameters": {"id": "$response.body#/data/0/undo"}}}
    summary = "Imports, bulk changes and merges, of you or for an administrator of everybody"
    size = parameters.number(1, LARGEST_LIMIT, DEFAULT_LIMIT)
    return _described("operations", summary, answers({200: page}, READING)) | {
        "parameters": [
            parameters.query("limit", "How many operations a page holds.", size),
            parameters.query("cursor", "`next` of the page before."),
        ]
    }


def _described(name: str, summary: str, responses: Schema) -> Schema:
    return {"operationId": name, "tags": ["general"], "summary": summary, "responses": responses}
