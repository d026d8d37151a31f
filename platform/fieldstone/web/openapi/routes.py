"""`GET /api/v1/openapi.json`: what the caller may do, made once per publication and access key."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response

from fieldstone.context import Context
from fieldstone.web.api.answers import json_bytes
from fieldstone.web.api.metadata.rights import refusal_to_publish
from fieldstone.web.openapi.document import openapi_document
from fieldstone.web.openapi.surface import surfaces
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context


def install(api: Blueprint) -> None:
    """Add the route."""
    api.get("/openapi.json")(openapi)


def openapi() -> Response:
    """What this caller may do, and nothing else."""
    Parameters()
    return json_bytes(document_for(current_context()))


def document_for(context: Context) -> bytes:
    """The document as JSON."""
    key = ("openapi", context.principal.access_key)
    document: bytes | None = context.model.cache.get(key)
    if document is None:
        document = context.model.cache[key] = _build(context)
    return document


def _build(context: Context) -> bytes:
    model = context.model
    found = surfaces(model, context.principal)
    publishes = not refusal_to_publish(context.principal)
    document = openapi_document(found, title="Fieldstone", version=str(model.version), publishes=publishes)
    return orjson.dumps(document)
