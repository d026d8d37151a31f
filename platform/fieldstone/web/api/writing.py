"""Creating, changing, deleting and restoring records."""

from __future__ import annotations

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.errors import Conflict
from fieldstone.records import Change
from fieldstone.web import bodies
from fieldstone.web.api.accepting import DUPLICATES, accepting
from fieldstone.web.api.answers import no_content, written_record
from fieldstone.web.api.approvals import request_instead
from fieldstone.web.api.batches import create_many
from fieldstone.web.api.reading import record_id
from fieldstone.web.idempotency import idempotent
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context
from fieldstone.web.versions import expected_version


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.post("/data/<entity>")(create_records)
    api.patch("/data/<entity>/<record>")(update_record)
    api.delete("/data/<entity>/<record>")(delete_record)
    api.post("/data/<entity>/<record>/restore")(restore_record)


@idempotent
def create_records(entity: str) -> Response:
    """One record from an object, or many from `{"records": […]}`."""
    parameters = Parameters("partial", DUPLICATES)
    partial = parameters.flag("partial")
    context = accepting(current_context(), parameters)
    body = bodies.read_object()
    if partial or "records" in body:
        return create_many(context, entity, body, partial=partial)
    written = records.create(context, entity, [body])[0]
    return written_record(context, entity, written.id, written.version, created=True)


@idempotent
def update_record(entity: str, record: str) -> Response:
    """Change the fields that were sent; `If-Match` refuses a lost update.

    A change of the state that needs an approval asks for it, like the transition by its name.
    """
    parameters = Parameters(DUPLICATES)
    change = Change(record_id(record), bodies.read_object(), expected_version())
    context = accepting(current_context(), parameters)
    try:
        written = records.update(context, entity, [change])[0]
    except Conflict as refused:
        return request_instead(context, entity, change, refused)
    return written_record(context, entity, written.id, written.version)


@idempotent
def delete_record(entity: str, record: str) -> Response:
    """To the recycle bin, or with `purge=true` and the right to it, for good."""
    purge = Parameters("purge").flag("purge")
    identity, version = record_id(record), expected_version()
    bodies.read_nothing()
    remove = records.purge if purge else records.delete
    remove(current_context(), entity, [identity], [version])
    return no_content()


@idempotent
def restore_record(entity: str, record: str) -> Response:
    """Out of the recycle bin."""
    Parameters()
    identity, version = record_id(record), expected_version()
    bodies.read_nothing()
    context = current_context()
    written = records.restore(context, entity, [identity], [version])[0]
    return written_record(context, entity, written.id, written.version)
