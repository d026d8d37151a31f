"""Taking transitions by their name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.errors import Conflict, FieldError, Forbidden, NotFound
from fieldstone.model.model import Approval, Transition, Workflow
from fieldstone.records import saving
from fieldstone.records.approvals import deciding
from fieldstone.records.approvals.deciding import Pending
from fieldstone.records.approvals.needing import is_needed, may_need_approval
from fieldstone.records.approvals.requesting import request
from fieldstone.records.approvals.requests import Request
from fieldstone.records.batch import Batch, Item, Written, find_entity
from fieldstone.records.labels import text_of
from fieldstone.records.state_changes import possible, state_label, who_may
from fieldstone.records.update import Change, check_and_merge, finish, start


def transition(  # noqa: PLR0917  # the arguments in which every caller names a transition
    context: Context,
    entity: str,
    id_: UUID,
    name: str,
    values: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> Written:
    """Take the transition `name` of a record. values: of the fields it asks for, in the API's form.

    Where it needs an approval, that is asked for, nothing is changed, and the answer names the request.

    Raises:
        NotFound: there is no such record or transition.
        Conflict: the record's state is not one that it starts from; or it needs an approval that nobody can
            give, or that was asked for already.
        Forbidden: the caller may not take it.
        VersionConflict: somebody else changed the record.
        Invalid: the guard does not hold, a required field is empty, or a value was refused.
    """

    def work(connection: sa.Connection) -> Written:
        sent = values or {}
        chosen, batch = _prepared(context, connection, entity, Change(id_, sent, version), name)
        if chosen.approval is None or not may_need_approval(context, chosen):
            return finish(batch)[0]
        return _finish_or_request(batch, chosen, chosen.approval, sent)

    return context.database.run_write(context.model.version, work)


def approve(context: Context, pending: Pending, reason: str | None = None) -> None:
    """Agree to a request for approval; the last one performs it. Raises as `approvals.deciding.approve`."""
    deciding.approve(context, pending, reason, perform)


def perform(context: Context, connection: sa.Connection, approved: Request) -> None:
    """Take the transition that was approved, in a context of its requester. Raises as `transition`."""
    change = Change(approved.record, approved.sent)
    _, batch = _prepared(context, connection, approved.entity, change, approved.transition)
    finish(batch, approved=True)


def _prepared(
    context: Context, connection: sa.Connection, entity: str, change: Change, name: str
) -> tuple[Transition, Batch]:
    """A batch of the record that is about to take the transition."""
    workflow, chosen = _find(context, entity, name)
    batch = start(context, connection, entity, [change])
    item = batch.items[0]
    _require_asked(batch, item, chosen, change.values)
    _require_state(batch, item, workflow, chosen)
    _take(batch, item, workflow, chosen)
    return chosen, batch


def _finish_or_request(
    batch: Batch, chosen: Transition, approval: Approval, sent: Mapping[str, Any]
) -> Written:
    """Write the record or, where it needs the approval as it would be, take all back and ask for it."""
    item = batch.items[0]
    with batch.connection.begin_nested() as savepoint:
        check_and_merge(batch)
        saving.judge(batch)
        if not is_needed(batch, item, approval):
            saving.change(batch)
            return item.written
        # Rules may have written other records before this one.
        savepoint.rollback()
    return Written(item.id, item.old["version"], request(batch, item, chosen, sent).id)


def _find(context: Context, entity: str, name: str) -> tuple[Workflow, Transition]:
    workflow = find_entity(context, entity).workflow
    chosen = workflow.transitions.get(name) if workflow else None
    if workflow is None or chosen is None:
        raise NotFound(f"{entity} has no transition “{name[:80]}”.", code="unknown_transition")
    return workflow, chosen


def _require_asked(batch: Batch, item: Item, chosen: Transition, values: Mapping[str, Any]) -> None:
    """A transition takes the fields it asks for and no others."""
    for name in values:
        field = batch.entity.field(name)
        known = name in batch.entity.lines or (field is not None and batch.rights.knows_field(field))
        if name not in chosen.declaration.ask and known:
            message = f"The transition {chosen.name} does not ask for {name}; change it before or after."
            batch.refuse(item, name, "not_asked", message)


def _require_state(batch: Batch, item: Item, workflow: Workflow, chosen: Transition) -> None:
    state = item.old[workflow.field]
    if state not in chosen.declaration.sources:
        locale = batch.context.principal.locale
        message = (
            f"{text_of(chosen.declaration.label, locale)} is not possible "
            f"from {state_label(workflow, state, locale)}. "
            f"{possible(batch.entity, state, locale)}"
        )
        told = FieldError(workflow.field, "wrong_state", message)
        raise Conflict(message, code="wrong_state", errors=[told], details={"state": state})


def _take(batch: Batch, item: Item, workflow: Workflow, chosen: Transition) -> None:
    if not batch.rights.may_take(chosen, batch.stored, item.old):
        message = f"You may not take the transition {chosen.name}. {who_may(batch, chosen)}"
        details = {"reason": who_may(batch, chosen)}
        batch.refusals.add(item.position, None, "forbidden", message, kind=Forbidden, details=details)
        return
    item.transition = chosen
    item.sent[workflow.field] = chosen.declaration.target
