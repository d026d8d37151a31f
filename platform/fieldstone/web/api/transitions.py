"""Workflow transitions of a record: what the caller may do now, and doing it."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.web import bodies
from fieldstone.web.api.answers import json_value, moment, written_record
from fieldstone.web.api.approvals import requested
from fieldstone.web.api.reading import record_id
from fieldstone.web.idempotency import idempotent
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context
from fieldstone.web.versions import expected_version


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/data/<entity>/<record>/transitions")(list_transitions)
    api.post("/data/<entity>/<record>/transitions/<name>")(take_transition)


def list_transitions(entity: str, record: str) -> Response:
    """Each transition, first those from the record's state: whether the caller may take it, and why not; and
    until when the record may stay in its state.
    """
    Parameters()
    context, identity = current_context(), record_id(record)
    states = records.transitions(context, entity, identity, others=True)
    due = records.due(context, entity, [identity]).get(identity)
    told = {"due_at": moment(due.due_at) if due else None, "overdue": due is not None and due.overdue}
    return json_value({"data": [asdict(state) for state in states], **told})


@idempotent
def take_transition(entity: str, record: str, name: str) -> Response:
    """Take a transition, or ask for its approval; the body holds the fields it asks for."""
    Parameters()
    identity, version = record_id(record), expected_version()
    values = bodies.read_optional_object()
    context = current_context()
    written = records.transition(context, entity, identity, name, values, version)
    if written.approval is not None:
        return requested(context, entity, identity, written.approval)
    return written_record(context, entity, written.id, written.version)
