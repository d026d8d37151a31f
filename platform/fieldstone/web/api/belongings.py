"""What belongs to a record: its history and its related records."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.access.grants import access
from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.model.model import Inverse
from fieldstone.web.api.answers import json_bytes, json_value
from fieldstone.web.api.reading import LIST_PARAMETERS, list_query, record_id
from fieldstone.web.parameters import Parameters, refuse
from fieldstone.web.request_context import current_context
from fieldstone_rules.types import Ref

DEFAULT_PAGE, LARGEST_PAGE = 50, 500


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/data/<entity>/<record>/history")(list_history)
    api.get("/data/<entity>/<record>/related/<inverse>")(list_related)


def list_history(entity: str, record: str) -> Response:
    """What happened to the record, newest first: `{"data": […], "next": cursor or null}`."""
    parameters = Parameters("limit", "cursor")
    limit = parameters.integer("limit", DEFAULT_PAGE, 1, LARGEST_PAGE)
    before = _cursor(parameters.text("cursor"))
    entries = records.history(current_context(), entity, record_id(record), limit=limit, before=before)
    last = str(entries[-1]["id"]) if len(entries) == limit else None
    return json_value({"data": entries, "next": last})


def list_related(entity: str, record: str, inverse: str) -> Response:
    """The records of a collection of the record, as a list of their entity."""
    query = list_query(Parameters(*LIST_PARAMETERS))
    identity = record_id(record)
    context = current_context()
    records.get_json(context, entity, identity, fields=("id",))
    found = _inverse(context, entity, inverse)
    related = replace(query, related=(found.field, Ref(entity, identity)))
    return json_bytes(records.list_json(context, found.entity, related))


def _inverse(context: Context, entity: str, name: str) -> Inverse:
    """The collection of this name, if the caller may know of it."""
    found = context.model.entities[entity].inverses.get(name)
    if found is not None:
        rights = access(context.model, context.principal, found.entity)
        if rights.read.constant is not False and rights.field_read(found.field).constant is not False:
            return found
    raise NotFound(f"A record of `{entity}` has no collection `{name[:80]}`.", code="unknown_collection")


def _cursor(text: str | None) -> int | None:
    if text is not None and not (text.isascii() and text.isdigit() and len(text) < 19):
        refuse("cursor", "This cursor is not one of this list.", "bad_cursor")
    return None if text is None else int(text)
