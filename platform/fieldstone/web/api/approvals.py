"""Approvals of transitions: requests about a record, deciding on them, and what waits for the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from fieldstone import records
from fieldstone.context import Context
from fieldstone.errors import Conflict, FieldError, Malformed, NotFound
from fieldstone.records import Change, Pending
from fieldstone.web import bodies
from fieldstone.web.api.answers import PREFIX, json_value
from fieldstone.web.api.reading import record_id
from fieldstone.web.idempotency import idempotent
from fieldstone.web.parameters import Parameters
from fieldstone.web.request_context import current_context
from fieldstone.web.versions import expected_version


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/approvals")(list_waiting)
    api.get("/data/<entity>/<record>/approvals")(list_approvals)
    one = "/data/<entity>/<record>/approvals/<approval>"
    api.get(one)(get_approval)
    api.post(f"{one}/approve")(approve)
    api.post(f"{one}/reject")(reject)
    api.post(f"{one}/withdraw")(withdraw)


def list_waiting() -> Response:
    """The pending requests on which the caller can decide now, oldest first."""
    Parameters()
    return json_value({"data": [asdict(one) for one in records.waiting_for_me(current_context())]})


def list_approvals(entity: str, record: str) -> Response:
    """The requests about the record, newest first."""
    Parameters()
    found = records.approvals(current_context(), entity, record_id(record))
    return json_value({"data": [asdict(one) for one in found]})


def get_approval(entity: str, record: str, approval: str) -> Response:
    """One request about the record."""
    Parameters()
    found = records.approval(current_context(), entity, record_id(record), record_id(approval))
    return json_value(asdict(found))


@idempotent
def approve(entity: str, record: str, approval: str) -> Response:
    """Agree; the last approval performs the transition. `If-Match` is the version of the record."""
    pending, reason, context = _pending(entity, record, approval), _reason(), current_context()
    records.approve(context, pending, reason)
    return _decided(context, pending)


@idempotent
def reject(entity: str, record: str, approval: str) -> Response:
    """Refuse, with a reason; the request ends."""
    pending, reason, context = _pending(entity, record, approval), _reason(), current_context()
    records.reject(context, pending, reason)
    return _decided(context, pending)


@idempotent
def withdraw(entity: str, record: str, approval: str) -> Response:
    """Take the request back."""
    pending, reason, context = _pending(entity, record, approval), _reason(), current_context()
    records.withdraw(context, pending, reason)
    return _decided(context, pending)


def requested(context: Context, entity: str, record: UUID, approval: UUID) -> Response:
    """202: the transition waits for an approval, and nothing has been changed."""
    response = json_value(asdict(records.approval(context, entity, record, approval)), 202)
    response.headers["Location"] = f"{PREFIX}/data/{entity}/{record}/approvals/{approval}"
    return response


def request_instead(context: Context, entity: str, change: Change, refused: Conflict) -> Response:
    """The answer to a change of the state that is a transition in need of an approval: it is asked for, if
    nothing was sent but what the transition asks for. Raises the refusal otherwise.
    """
    workflow = context.model.entities[entity].workflow
    if refused.code != "approval_needed" or workflow is None or workflow.field not in change.values:
        raise refused
    chosen = workflow.transitions.get(refused.details["transition"])
    if chosen is None:
        raise refused
    asked: Mapping[str, Any] = {k: v for k, v in change.values.items() if k != workflow.field}
    if not asked.keys() <= set(chosen.declaration.ask):
        raise refused
    written = records.transition(context, entity, change.id, chosen.name, asked, change.version)
    if written.approval is None:
        raise refused
    return requested(context, entity, change.id, written.approval)


def _pending(entity: str, record: str, approval: str) -> Pending:
    Parameters()
    return Pending(entity, record_id(record), record_id(approval), expected_version())


def _reason() -> str | None:
    body = bodies.read_optional_object()
    bodies.only(body, ("reason",))
    reason = body.get("reason")
    if reason is not None and not isinstance(reason, str):
        message = "`reason` is a text."
        raise Malformed(message, errors=[FieldError("reason", "type", message)])
    return reason


def _decided(context: Context, pending: Pending) -> Response:
    """The request as it is now; only its id where the caller may not see the record any more."""
    try:
        found = records.approval(context, pending.entity, pending.record, pending.approval)
    except NotFound:
        return json_value({"id": str(pending.approval)})
    return json_value(asdict(found))
