"""What may be done next with what a call gave: links from a new record to the calls about it.

Generators of clients and tests follow them (OpenAPI 3.1, section 4.8.20).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldstone.web.bulk.results import OPERATION

Schema = dict[str, Any]
Operations = dict[str, Schema]


def with_links(paths: Mapping[str, Operations]) -> Mapping[str, Operations]:
    """The operations on one entity by path, in which creating a record links to what may be done with it, and
    a bulk call to its undoing.
    """
    about_one = {
        operation["operationId"]: {
            "operationId": operation["operationId"],
            "parameters": {"id": "$response.body#/id"},
        }
        for path, operations in paths.items()
        if path.count("{") == 1 and "{id}" in path
        for operation in operations.values()
    }
    return {
        path: {method: _linked(operation, about_one) for method, operation in operations.items()}
        for path, operations in paths.items()
    }


def _linked(operation: Schema, about_one: Schema) -> Schema:
    _, _, verb = operation["operationId"].partition(".")
    if verb == "create" and about_one:
        return _with(operation, "201", about_one)
    if verb == "bulk":
        undo = {"operationId": "undo", "parameters": {"id": f"$response.header.{OPERATION}"}}
        return _with(operation, "200", {"undo": undo})
    return operation


def _with(operation: Schema, status: str, links: Schema) -> Schema:
    responses = operation["responses"]
    return {**operation, "responses": {**responses, status: {**responses[status], "links": links}}}
