"""The whole OpenAPI document for one caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apispec import APISpec

from fieldstone.web.api.answers import PREFIX
from fieldstone.web.api.events import DEFAULT_LIMIT, LARGEST_LIMIT
from fieldstone.web.openapi import approvals, explaining, metadata, parameters
from fieldstone.web.openapi.common import SCHEMAS, reference
from fieldstone.web.openapi.links import with_links
from fieldstone.web.openapi.metadata import metadata_paths
from fieldstone.web.openapi.operations import operation_paths
from fieldstone.web.openapi.paths import entity_paths
from fieldstone.web.openapi.responses import READING, answers, json_body, problems
from fieldstone.web.openapi.schemas import entity_schemas
from fieldstone.web.openapi.surface import Surface

Schema = dict[str, Any]
ABOUT = """\
Everything you may do with the records of this installation. Decimals and money are texts (`"1234.50"`), dates
are ISO 8601, datetimes are in UTC, references are `{"id", "entity", "title"}`. Errors are RFC 9457 problem
documents.
"""
SECURITY: Schema = {
    "token": {"type": "http", "scheme": "bearer", "description": "From `fieldstone token create`."},
}


def openapi_document(
    surfaces: Sequence[Surface], *, title: str, version: str, publishes: bool = False
) -> Schema:
    """The OpenAPI 3.1 document over what `surfaces` offer; who publishes, is told those calls too."""
    spec = APISpec(title, version, "3.1.0", info={"description": ABOUT}, security=[{"token": []}])
    for name, scheme in SECURITY.items():
        spec.components.security_scheme(name, scheme)
    for name, response in problems().items():
        spec.components.response(name, response)
    further = metadata.SCHEMAS if publishes else {}
    for name, schema in {**SCHEMAS, **approvals.SCHEMAS, **explaining.SCHEMAS, **further}.items():
        spec.components.schema(name, schema)
    for surface in surfaces:
        _add_entity(spec, surface)
    for path, operation in _fixed_paths().items():
        spec.path(path, operations={"get": operation})
    for path, operations in {**operation_paths(), **(metadata_paths() if publishes else {})}.items():
        spec.path(path, operations=operations)
    spec.path(f"{PREFIX}/explain", operations={"post": explaining.explain_operation(surfaces)})
    return spec.to_dict()


def _add_entity(spec: APISpec, surface: Surface) -> None:
    spec.tag({"name": surface.name, "description": surface.plural})
    for name, schema in entity_schemas(surface).items():
        spec.components.schema(name, schema)
    for path, operations in with_links(dict(entity_paths(surface))).items():
        spec.path(path, operations=operations)


def _fixed_paths() -> dict[str, Schema]:
    return {
        f"{PREFIX}/search": _get("search", "Search in everything you may read", reference("Found"))
        | {
            "parameters": [parameters.query("q", "Words.", {"type": "string", "minLength": 1}, required=True)]
        },
        approvals.WAITING: approvals.waiting_operation(),
        f"{PREFIX}/events": _events(),
        f"{PREFIX}/me": _get("me", "Who you are and what you hold", reference("Me")),
        f"{PREFIX}/openapi.json": _get("openapi", "This document", {"type": "object"}),
    }


def _events() -> Schema:
    responses = answers({200: json_body("Changes, in order.", reference("Events"))}, (*READING, 410))
    return _get("events", "What changed, in order and without gaps", {}) | {
        "responses": responses,
        "parameters": [
            parameters.query("after", "`next` of the answer before, or `now`; absent: the oldest kept."),
            parameters.query(
                "limit", "How many to look at.", parameters.number(1, LARGEST_LIMIT, DEFAULT_LIMIT)
            ),
            parameters.query("entity", "Only of these entities, with commas."),
        ],
    }


def _get(name: str, summary: str, schema: Schema) -> Schema:
    responses = answers({200: json_body("Found.", schema)}, READING)
    return {"operationId": name, "tags": ["general"], "summary": summary, "responses": responses}
