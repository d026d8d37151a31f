"""Whom a request for approval is told to: those who are asked, and the requester.

As with every notification, nothing of the record stands in it: whoever may not read it any more learns
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.records.approvals.requests import Request
from fieldstone.records.approvals.seats import Seat
from fieldstone.records.labels import text_of
from fieldstone.records.notifying import notify
from fieldstone.records.rows import Values
from fieldstone_rules.types import Ref


def ask(
    context: Context, connection: sa.Connection, request: Request, seats: Sequence[Seat], requester: str
) -> None:
    """Tell those who are asked; for somebody who is away, the deputy, who comes last."""
    people = dict.fromkeys(seat.deciders[-1] for seat in seats)
    words, about = f"{requester[:80]} asks for your approval", _about(context, request)
    notify(context, connection, [_told(context, request, user, words) | about for user in people])


def tell_requester(
    context: Context, connection: sa.Connection, request: Request, what: str, *, gone: bool = False
) -> None:
    """Tell the requester what became of a request, unless it was the requester's own doing.

    gone: the record is in the recycle bin.
    """
    if request.requester != (context.acting or context.principal).user:
        about = {} if gone else _about(context, request)
        notify(context, connection, [_told(context, request, request.requester, what) | about])


def _told(context: Context, request: Request, user: UUID, words: str) -> Values:
    workflow = context.model.entities[request.entity].workflow
    chosen = workflow.transitions.get(request.transition) if workflow is not None else None
    named = text_of(chosen.declaration.label, context.principal.locale) if chosen else request.transition
    return {"subject": f"{words}: {named[:80]}", "recipient": Ref("user", user)}


def _about(context: Context, request: Request) -> Values:
    """The way to the record, where notifications can lead to records of its entity."""
    entity = context.model.entities[request.entity]
    return {"regarding": Ref(request.entity, request.record)} if entity.declaration.activities else {}
