"""Deciding on requests for approval: approving, rejecting, withdrawing, and performing what was approved.

The record is locked first and the request after it, as every save does; so of two who decide at the same
moment the second sees what the first did, and what was approved is performed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.grants import ADMIN
from fieldstone.access.principals import principals_of
from fieldstone.context import Context, Principal
from fieldstone.errors import Conflict, FieldError, FieldstoneError, Forbidden, Invalid, NotFound, Unavailable
from fieldstone.model.model import Approval, ApprovalStep
from fieldstone.records import loading
from fieldstone.records.approvals import requests
from fieldstone.records.approvals.remembering import CLOSE, WITHDRAW, Happened, remember
from fieldstone.records.approvals.requests import (
    APPROVE,
    APPROVED,
    CLOSED,
    REJECT,
    REJECTED,
    WITHDRAWN,
    Decision,
    Ending,
    Request,
)
from fieldstone.records.approvals.seats import Asked, Seat, seats_of
from fieldstone.records.approvals.telling import ask, tell_requester
from fieldstone.records.approvals.waiting import transition_of
from fieldstone.records.approvals.words import waits_for
from fieldstone.records.batch import Batch, Item, find_entity
from fieldstone.records.rows import Values

LONGEST_REASON = 2_000
Perform = Callable[[Context, sa.Connection, Request], None]
"""Performs the transition of a request in a context, which is the requester's."""


@dataclass(frozen=True)
class Pending:
    """Which request somebody decides on. version: of the record as the caller saw it, None for any."""

    entity: str
    record: UUID
    approval: UUID
    version: int | None = None


@dataclass(frozen=True)
class _Case:
    """A pending request, with the batch that holds its record; both are locked."""

    batch: Batch
    request: Request

    @property
    def record(self) -> Values:
        """The record as it is stored."""
        return self.batch.items[0].old

    def happened(self, action: str, note: str | None) -> Happened:
        """Something for the history."""
        return Happened(self.request, self.record["version"], action, note)


@dataclass(frozen=True)
class _Step:
    """The step of a case that is being decided. approval: as it is published now."""

    case: _Case
    approval: Approval

    @property
    def declared(self) -> ApprovalStep:
        """Who is asked."""
        return self.approval.steps[self.case.request.step]


def approve(context: Context, pending: Pending, reason: str | None, perform: Perform) -> None:
    """Agree to a request. The last approval performs the transition in the name of the requester.

    Raises:
        NotFound: there is no such record or request for the caller.
        Forbidden: the caller is not asked, or is the requester.
        VersionConflict: somebody else changed the record.
        Conflict: the request is not pending any more, the caller has decided already, or the transition
            cannot be performed now; then the request stays as it was.
    """

    def work(connection: sa.Connection) -> None:
        step = _step(_locked(context, connection, pending))
        request = step.case.request
        seats = _seats(step)
        mine = _own_seats(step, seats)
        said = _said(context, connection, request)
        if may_add(step.declared, mine, said, context.principal.user):
            said.append(_decide(step, APPROVE, mine, reason))
        elif not is_enough(step.declared, seats, said):
            raise Conflict("You have approved this already; others still have to.", code="already_decided")
        if is_enough(step.declared, seats, said):
            _go_on(step, perform)

    context.database.run_write(context.model.version, work)


def reject(context: Context, pending: Pending, reason: str | None) -> None:
    """Refuse a request, whatever others said; it ends. Raises as `approve`, and Invalid without a reason."""

    def work(connection: sa.Connection) -> None:
        step = _step(_locked(context, connection, pending))
        mine = _own_seats(step, _seats(step))
        _require_reason(reason)
        made = _decide(step, REJECT, mine, reason)
        ending = Ending(REJECTED, context.principal.user, made.reason)
        ended = requests.close(context, connection, step.case.request, ending)
        tell_requester(context, connection, ended, f"{context.principal.name[:80]} rejected your request")

    context.database.run_write(context.model.version, work)


def _require_reason(reason: str | None) -> None:
    if not (reason or "").strip():
        message = "Say why, so that the requester knows what to change."
        raise Invalid(message, errors=[FieldError("reason", "required", message)])


def withdraw(context: Context, pending: Pending, reason: str | None = None) -> None:
    """Take a request back; the requester may, and an administrator.

    Raises:
        NotFound: there is no such record or request for the caller.
        Forbidden: the caller is neither. Conflict: the request is not pending any more.
    """

    def work(connection: sa.Connection) -> None:
        case = _locked(context, connection, pending)
        if not may_withdraw(context.principal, case.request):
            why = "Only who asked for the approval, or an administrator, can take it back."
            raise Forbidden(why, details={"reason": why})
        ending = Ending(WITHDRAWN, context.principal.user, _read_reason(reason))
        ended = requests.close(context, connection, case.request, ending)
        remember(context, connection, case.happened(WITHDRAW, ending.reason))
        tell_requester(context, connection, ended, f"{context.principal.name[:80]} withdrew your request")

    context.database.run_write(context.model.version, work)


def may_withdraw(principal: Principal, request: Request) -> bool:
    """Whether somebody may take a pending request back."""
    return principal.user == request.requester or ADMIN in principal.roles


# ---- what is decided about


def _locked(context: Context, connection: sa.Connection, pending: Pending) -> _Case:
    """The record and a pending request about it, both locked."""
    batch = Batch(context, connection, find_entity(context, pending.entity), [Item(0, pending.record)])
    loading.load(batch, [pending.version])
    request = requests.lock(connection, context.database.system, pending.approval, pending.record)
    if request is None or request.entity != pending.entity:
        raise NotFound(f"There is no request for approval {pending.approval} about this record.")
    if not request.pending:
        message = f"This request is not pending any more: it was {request.status}. {request.reason or ''}"
        raise Conflict(
            message.strip(), code="approval_not_pending", details={"approval_status": request.status}
        )
    return _Case(batch, request)


def _step(case: _Case) -> _Step:
    """The step that is being decided, of the workflow as it is now."""
    chosen = transition_of(case.batch.entity, case.request)
    if chosen is None or chosen.approval is None:
        message = (
            "The workflow was changed: this transition needs no approval any more, or is gone. Nothing was "
            "performed; the requester can withdraw the request."
        )
        raise Conflict(message, code="workflow_changed")
    last = len(chosen.approval.steps) - 1
    request = replace(case.request, step=min(case.request.step, last))
    return _Step(replace(case, request=request), chosen.approval)


def _seats(step: _Step) -> list[Seat]:
    batch, request = step.case.batch, step.case.request
    asked = Asked(batch.entity.name, step.case.record, step.declared, request.requester)
    return seats_of(batch.context, batch.connection, [asked])[0]


def _own_seats(step: _Step, seats: list[Seat]) -> list[Seat]:
    """The seats in which the caller decides. Raises Forbidden without any."""
    batch, caller = step.case.batch, step.case.batch.context.principal
    mine = [seat for seat in seats if caller.user in seat.deciders]
    if mine and batch.rights.token_writes:
        return mine
    if caller.user == step.case.request.requester:
        why = "Who asks for an approval cannot give it."
    elif mine:
        why = "The token in use may not change these records."
    else:
        why = f"It waits for the approval of {waits_for(batch.model, step.declared, caller.locale)}."
    raise Forbidden(f"You may not decide on this request. {why}", details={"reason": why})


def _said(context: Context, connection: sa.Connection, request: Request) -> list[Decision]:
    found = requests.decisions(connection, context.database.system, [request.id])[request.id]
    return counting(request, found)


def counting(request: Request, said: Iterable[Decision]) -> list[Decision]:
    """The decisions in the present step of a request that still count."""
    return [one for one in said if (one.round, one.step) == (request.round, request.step)]


# ---- what a decision does


def _decide(step: _Step, decision: str, seats: Sequence[Seat], reason: str | None) -> Decision:
    case = step.case
    context, connection, request = case.batch.context, case.batch.connection, case.request
    made = Decision(
        approval=request.id,
        round=request.round,
        step=request.step,
        decider=context.principal.user,
        seats=tuple(seat.holder for seat in seats),
        decision=decision,
        reason=_read_reason(reason),
        at=context.now,
    )
    requests.decide(connection, context.database.system, made)
    remember(context, connection, case.happened(decision, made.reason))
    return made


def _read_reason(reason: str | None) -> str | None:
    """A reason as it is kept. Raises Invalid for one that is too long."""
    text = (reason or "").strip()
    if len(text) > LONGEST_REASON or "\0" in text:
        message = f"A reason has at most {LONGEST_REASON} characters, and no control characters."
        raise Invalid(message, errors=[FieldError("reason", "bad_reason", message)])
    return text or None


def is_enough(step: ApprovalStep, seats: Sequence[Seat], said: Sequence[Decision]) -> bool:
    """Whether a step is passed: a number counts people, `all` counts seats.

    It may be without another decision, where fewer are asked by now than when the last one was made.
    """
    needs = step.declaration.needs
    if needs == "all":
        taken = {seat for one in said for seat in one.seats}
        return all(seat.holder in taken for seat in seats)
    return len({one.decider for one in said}) >= (needs if isinstance(needs, int) else 1)


def may_add(step: ApprovalStep, seats: Sequence[Seat], said: Sequence[Decision], user: UUID) -> bool:
    """Whether another approval in the user's `seats` counts: the first one does, and for `all` one in a seat
    that came to them since.
    """
    own = [one for one in said if one.decider == user]
    taken = {seat for one in own for seat in one.seats}
    return not own or (step.declaration.needs == "all" and any(seat.holder not in taken for seat in seats))


def _go_on(step: _Step, perform: Perform) -> None:
    """Ask those of the next step, or perform the transition after the last one."""
    batch, request = step.case.batch, step.case.request
    context, connection = batch.context, batch.connection
    requester = principals_of(connection, batch.model, [request.requester]).get(request.requester)
    if requester is None:
        reason = "Who asked for it is not active any more, so nobody could perform it."
        requests.close(context, connection, request, Ending(CLOSED, None, reason))
        remember(context, connection, step.case.happened(CLOSE, reason))
    elif request.step + 1 == len(step.approval.steps):
        _perform(step.case, requester, perform)
    else:
        changed = requests.change(connection, context.database.system, request, step=request.step + 1)
        seats = _seats(replace(step, case=replace(step.case, request=changed)))
        ask(context, connection, changed, seats, requester.name)


def _perform(case: _Case, requester: Principal, perform: Perform) -> None:
    context, connection = case.batch.context, case.batch.connection
    ending = Ending(APPROVED, context.principal.user)
    ended = requests.close(context, connection, case.request, ending)
    note = f"approved by {context.principal.name}"
    try:
        perform(replace(context, principal=requester, acting=None, note=note), connection, case.request)
    except Unavailable:
        raise
    except FieldstoneError as error:
        raise _not_performable(error) from error
    tell_requester(context, connection, ended, f"{context.principal.name[:80]} approved your request")


def _not_performable(error: FieldstoneError) -> Conflict:
    """Why what was approved cannot be done now: the requester's rights, or the record as it has become."""
    message = (
        f"It could not be performed: {error.message} Your approval was not counted and nothing was changed. "
        "Have it mended and approve again, or reject the request."
    )
    return Conflict(message, code="cannot_be_performed", errors=error.errors)
