"""The call that takes many lines, as the OpenAPI document describes it."""

from __future__ import annotations

from typing import Any

from fieldstone.web.api.bulk import MARK
from fieldstone.web.bulk.results import MEDIA_TYPE, OPERATION
from fieldstone.web.openapi import parameters
from fieldstone.web.openapi.responses import WRITING, answers
from fieldstone.web.openapi.surface import Surface

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}


def bulk_operation(surface: Surface) -> Schema:
    """`POST …/bulk`, with the modes that the caller may use."""
    modes: Schema = {"type": "string", "enum": list(surface.bulk)}
    return {
        "operationId": f"{surface.name}.bulk",
        "tags": [surface.name],
        "summary": f"Create, change or delete many {surface.plural}, a line each",
        "responses": answers({200: _results()}, (*WRITING, 411)),
        "parameters": [
            parameters.query("mode", "What the lines are for; `create` if absent.", modes),
            parameters.query(
                "key", "The unique field (or fields, with commas) by which records are found; absent: `id`."
            ),
            parameters.flag("partial", "Write the lines that can be written, instead of all or none."),
            parameters.flag("dry_run", "Tell what would happen, and write nothing."),
            parameters.query(
                "end",
                "What the last line of the body says, which is no record: a body without it broke off. "
                "Needed without `Content-Length`.",
                {"type": "string", "pattern": f"^{MARK.pattern}$"},
            ),
            parameters.duplicates(),
            parameters.idempotency_key(),
        ],
        "requestBody": {
            "required": True,
            "description": "One JSON object on each line, or a table whose first line names the fields.",
            "content": {MEDIA_TYPE: {"schema": TEXT}, "text/csv": {"schema": TEXT}},
        },
    }


def _results() -> Schema:
    operation: Schema = {"schema": TEXT, "description": "The operation, by which all of it can be undone."}
    return {
        "description": (
            "For each line one JSON object: `line`, `status`, `action` (`created`, `updated`, `unchanged`, "
            "`deleted` or `refused`), then `id` and `version`, or `code`, `detail` and `errors`."
        ),
        "content": {MEDIA_TYPE: {"schema": TEXT}},
        "headers": {OPERATION: operation},
    }
