"""Asking for the approval of a transition: whether it is needed, and of whom."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fieldstone.errors import Conflict
from fieldstone.model.model import Approval, Transition
from fieldstone.records.approvals import requests
from fieldstone.records.approvals.remembering import REQUEST, Happened, remember
from fieldstone.records.approvals.requests import Request
from fieldstone.records.approvals.seats import Asked, Seat, seats_of
from fieldstone.records.approvals.telling import ask
from fieldstone.records.approvals.waiting import pending_request
from fieldstone.records.approvals.words import waits_for
from fieldstone.records.batch import Batch, Item
from fieldstone.records.writing import to_json


def request(batch: Batch, item: Item, transition: Transition, values: Mapping[str, Any]) -> Request:
    """Store what was asked for and ask those of the first step. The batch is loaded and locked.

    Raises:
        Conflict: a request about the record is pending already, or nobody could approve this one.
    """
    context, connection, workflow = batch.context, batch.connection, batch.entity.workflow
    assert workflow is not None
    assert transition.approval is not None
    _require_none_pending(batch, item)
    seats = _all_seats(batch, item, transition.approval)
    stored = requests.insert(
        connection,
        context.database.system,
        {
            "entity": batch.entity.name,
            "record": item.id,
            "field": workflow.field,
            "transition": transition.name,
            "requester": context.principal.user,
            "requested_at": context.now,
            "sent": json.loads(to_json(dict(values))),
        },
    )
    remember(context, connection, Happened(stored, item.old["version"], REQUEST, context.note))
    ask(context, connection, stored, seats[0], context.principal.name)
    return stored


def _require_none_pending(batch: Batch, item: Item) -> None:
    found = pending_request(batch, item)
    if found is not None:
        message = "A request for approval is pending already. Wait for its end, or have it withdrawn."
        details = {"approval": str(found.id), "transition": found.transition}
        raise Conflict(message, code="approval_pending", details=details)


def _all_seats(batch: Batch, item: Item, approval: Approval) -> list[list[Seat]]:
    """The seats of every step. Raises Conflict where a step could never be passed."""
    asker = batch.context.principal.user
    asked = [Asked(batch.entity.name, item.old, step, asker) for step in approval.steps]
    found = seats_of(batch.context, batch.connection, asked)
    for number, (step, seats) in enumerate(zip(approval.steps, found, strict=True), 1):
        needs = step.declaration.needs
        able = {user for seat in seats for user in seat.deciders}
        if len(able) < (needs if isinstance(needs, int) else 1):
            words = waits_for(batch.model, step, batch.context.principal.locale)
            which = f"step {number} of the approval" if len(approval.steps) > 1 else "the approval"
            message = (
                f"Nobody could give {which}: it needs {words}, and {_able_in_words(len(able))} can decide on "
                "this record. Nobody approves an own request. Nothing was changed; ask an administrator who "
                "should decide."
            )
            raise Conflict(message, code="no_approvers", details={"step": number, "able": len(able)})
    return found


def _able_in_words(able: int) -> str:
    return "nobody" if able == 0 else f"only {able}"
