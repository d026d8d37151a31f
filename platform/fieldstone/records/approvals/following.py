"""What becomes of pending requests when their records change: a request is never about something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.principals import principals_of
from fieldstone.context import Context
from fieldstone.model.model import Approval, Entity, Rule, Transition
from fieldstone.records.approvals import requests
from fieldstone.records.approvals.remembering import CLOSE, RESTART, Happened, remember
from fieldstone.records.approvals.requests import CLOSED, Ending, Request
from fieldstone.records.approvals.seats import Asked, seats_of
from fieldstone.records.approvals.telling import ask, tell_requester
from fieldstone.records.batch import Batch, Item
from fieldstone.records.journal import changed_fields
from fieldstone.records.rows import Row

MOVED = "The record was moved on by another transition meanwhile."
DELETED = "The record was moved to the recycle bin."
AGAIN = "The record was changed in what the approval is about, so it starts again."


@dataclass(frozen=True)
class _Ended:
    """A request that has lost its matter, with its record and why."""

    request: Request
    record: Row
    reason: str
    gone: bool = False


def follow_changes(batch: Batch) -> None:
    """After a write: close the requests of records that were moved, and begin anew where the matter changed.

    Costs one statement, and nothing where no transition of the entity needs an approval.
    """
    workflow = batch.entity.workflow
    if workflow is None or not workflow.has_approvals:
        return
    items = {item.id: item for item in batch.items if not item.is_new}
    for request in _pending(batch.context, batch.connection, batch.entity, items):
        _follow(batch, items[request.record], request)


def close_for_deleted(
    context: Context, connection: sa.Connection, entity: Entity, records: Mapping[UUID, Row]
) -> None:
    """Close the requests about records that were moved to the recycle bin."""
    if entity.workflow is not None and entity.workflow.has_approvals:
        for request in _pending(context, connection, entity, records):
            _close(context, connection, _Ended(request, records[request.record], DELETED, gone=True))


def _pending(
    context: Context, connection: sa.Connection, entity: Entity, records: Mapping[UUID, object]
) -> Sequence[Request]:
    system = context.database.system
    return requests.lock_pending(connection, system, entity.name, records) if records else ()


def _follow(batch: Batch, item: Item, request: Request) -> None:
    changed = {field.name for field in changed_fields(batch.entity, item.old, item.new)}
    workflow = batch.entity.workflow
    chosen = workflow.transitions.get(request.transition) if workflow is not None else None
    if request.field in changed:
        _close(batch.context, batch.connection, _Ended(request, item.new, MOVED))
    elif chosen is not None and chosen.approval is not None and changed & _matter(batch.entity, chosen):
        _start_again(batch, item, request, chosen.approval)


def _matter(entity: Entity, transition: Transition) -> set[str]:
    """The fields of the record that an approval is about: those asked for, and those its conditions read."""
    rules = [transition.guard, transition.approval.when if transition.approval else None]
    read = {
        name
        for rule in rules
        if isinstance(rule, Rule)
        for owner, name in rule.expression.reads
        if owner == entity.name
    }
    return read | set(transition.declaration.ask)


def _start_again(batch: Batch, item: Item, request: Request, approval: Approval) -> None:
    """Make the decisions so far void, and ask those of the first step again."""
    context, connection, system = batch.context, batch.connection, batch.context.database.system
    said = requests.decisions(connection, system, [request.id])[request.id]
    if not any(one.round == request.round for one in said):
        return
    changed = requests.change(connection, system, request, round=request.round + 1, step=0)
    remember(context, connection, Happened(changed, item.new["version"], RESTART, AGAIN))
    asked = Asked(batch.entity.name, item.new, approval.steps[0], request.requester)
    (seats,) = seats_of(context, connection, [asked])
    requester = principals_of(connection, context.model, [request.requester]).get(request.requester)
    ask(context, connection, changed, seats, requester.name if requester else "Somebody")


def _close(context: Context, connection: sa.Connection, ended: _Ended) -> None:
    by = (context.acting or context.principal).user
    request = requests.close(context, connection, ended.request, Ending(CLOSED, by, ended.reason))
    remember(context, connection, Happened(request, ended.record["version"], CLOSE, ended.reason))
    tell_requester(context, connection, request, "Your request for approval was closed", gone=ended.gone)
