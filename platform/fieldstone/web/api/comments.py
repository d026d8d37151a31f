"""What people say about a record: reading and writing its comments."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import FieldError, Malformed, NotFound
from fieldstone.web import bodies
from fieldstone.web.api.answers import json_bytes, written_record
from fieldstone.web.api.reading import LIST_PARAMETERS, list_query, record_id, require_readable
from fieldstone.web.idempotency import idempotent
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context
from fieldstone_rules.types import Ref

COMMENT, ABOUT = "comment", "regarding"


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/data/<entity>/<record>/comments")(list_comments)
    api.post("/data/<entity>/<record>/comments")(create_comment)


def list_comments(entity: str, record: str) -> Response:
    """The comments on the record as a list, newest first unless another order is asked for."""
    query = list_query(Parameters(*LIST_PARAMETERS))
    context = current_context()
    about = require_activities(context, entity, record_id(record), COMMENT)
    return json_bytes(records.list_json(context, COMMENT, replace(query, related=(ABOUT, about))))


@idempotent
def create_comment(entity: str, record: str) -> Response:
    """Write a comment on the record; the people whom it mentions are told."""
    Parameters()
    body = bodies.read_object()
    context = current_context()
    about = require_activities(context, entity, record_id(record), COMMENT)
    if ABOUT in body:
        message = f"The address says what the comment is about; leave out `{ABOUT}`."
        raise Malformed(message, errors=[FieldError(ABOUT, "contradiction", message)])
    written = records.create(context, COMMENT, [{**body, ABOUT: {"id": str(about.id), "entity": entity}}])[0]
    return written_record(context, COMMENT, written.id, written.version, created=True)


def require_activities(context: Context, entity: str, record: UUID, kind: str) -> Ref:
    """The record that something is about.

    Raises:
        NotFound: if there is no such record for the caller, or its entity has no activities.
    """
    about = require_readable(context, entity, record)
    if not context.model.entities[entity].declaration.activities:
        raise NotFound(f"A record of `{entity}` has no {kind}s.", code="unknown_collection")
    return about
