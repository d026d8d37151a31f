"""Requests for approval as callers see them: whoever may read a record may see the requests about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.model.model import Entity, Transition
from fieldstone.records import rows
from fieldstone.records.approvals import requests
from fieldstone.records.approvals.deciding import counting, is_enough, may_add, may_withdraw
from fieldstone.records.approvals.requests import PENDING, Decision, Request
from fieldstone.records.approvals.seats import Asked, Seat, represented, seats_of
from fieldstone.records.approvals.waiting import step_of, transition_of
from fieldstone.records.approvals.words import waits_for
from fieldstone.records.batch import find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import evaluator
from fieldstone.records.history import add_titles, hide_unreadable, instant, references_in
from fieldstone.records.labels import text_of
from fieldstone.records.peeking import peek
from fieldstone.records.rows import TITLE, Row, Values

MOST = 50
"""As many requests about one record are shown, the newest."""
MOST_LOOKED_AT = 1_000
"""Among so many pending requests, the oldest, those that wait for somebody are looked for."""

Reference = dict[str, Any]


@dataclass(frozen=True)
class StepState:
    """A step. approvers: who may decide in it now, known only of the step that is being decided."""

    waits_for: str
    needs: str | int
    approvers: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class DecisionState:
    """What somebody decided. step: from 1. on_behalf_of: those who were away. valid: it still counts."""

    step: int
    decision: str
    by: Reference
    on_behalf_of: tuple[Reference, ...]
    reason: str | None
    at: str
    valid: bool


@dataclass(frozen=True)
class ApprovalState:
    """A request as the caller sees it, in the API's form.

    step: the one that is being decided, from 1; None once it has ended. waits_for: who is asked, in words.
    values: what was asked for, as far as the caller may read those fields. may: "approve", "reject",
    "withdraw". closed_by, reason: how it ended.
    """

    id: str
    record: Reference
    transition: str
    label: str
    to: str | None
    status: str
    requested_by: Reference
    requested_at: str
    values: Mapping[str, Any]
    step: int | None
    steps: tuple[StepState, ...]
    waits_for: str | None
    decisions: tuple[DecisionState, ...]
    may: tuple[str, ...]
    closed_at: str | None
    closed_by: Reference | None
    reason: str | None


def approvals(context: Context, entity: str, id_: UUID) -> list[ApprovalState]:
    """The requests about a record, newest first. Raises NotFound as reading does."""
    found, table = find_entity(context, entity), context.database.system.approval
    with context.database.read() as connection:
        record = peek(context, connection, found, id_).items[0].old
        about = (table.c.entity == entity, table.c.record == id_)
        asked = requests.find(connection, context.database.system, *about, most=MOST)
        return _told(context, connection, found, asked, {id_: record})


def approval(context: Context, entity: str, id_: UUID, approval_id: UUID) -> ApprovalState:
    """One request about a record. Raises NotFound."""
    found, table = find_entity(context, entity), context.database.system.approval
    with context.database.read() as connection:
        record = peek(context, connection, found, id_).items[0].old
        about = (table.c.entity == entity, table.c.record == id_, table.c.id == approval_id)
        asked = requests.find(connection, context.database.system, *about, most=1)
        if not asked:
            raise NotFound(f"There is no request for approval with the id {approval_id} about this record.")
        return _told(context, connection, found, asked, {id_: record})[0]


def pending_approval(context: Context, entity: str, id_: UUID) -> ApprovalState | None:
    """The pending request about a record, if there is one. Raises NotFound as reading does."""
    found, table = find_entity(context, entity), context.database.system.approval
    if found.workflow is None or not found.workflow.has_approvals:
        return None
    with context.database.read() as connection:
        record = peek(context, connection, found, id_).items[0].old
        about = (table.c.entity == entity, table.c.record == id_, table.c.status == PENDING)
        asked = requests.find(connection, context.database.system, *about, most=1)
        told = _told(context, connection, found, asked, {id_: record})
        return told[0] if told else None


def waiting_for_me(context: Context) -> list[ApprovalState]:
    """The pending requests on which the caller can decide now, oldest first."""
    with context.database.read() as connection:
        stands_for = represented(context, connection, context.principal.user)
        asked = _pending_for_others(context, connection)
        told: list[ApprovalState] = []
        for name, group in _by_entity(context, asked).items():
            entity = context.model.entities[name]
            records = _readable(context, connection, entity, {one.record for one in group})
            known = [one for one in group if one.record in records]
            mine = _decided_by_caller(context, connection, known, records, stands_for)
            told += _told(context, connection, entity, mine, records)
    return sorted(told, key=lambda one: (one.requested_at, one.id))


def _pending_for_others(context: Context, connection: sa.Connection) -> list[Request]:
    """Pending requests that are not the caller's own."""
    table = context.database.system.approval
    statement = (
        sa.select(table)
        .where(table.c.status == PENDING, table.c.requester != context.principal.user)
        .order_by(table.c.requested_at, table.c.id)
        .limit(MOST_LOOKED_AT)
    )
    return [Request(**row._mapping) for row in connection.execute(statement)]


def _by_entity(context: Context, asked: Iterable[Request]) -> dict[str, list[Request]]:
    """Requests by entity, without those whose transition needs no approval any more."""
    found: dict[str, list[Request]] = defaultdict(list)
    for request in asked:
        entity = context.model.entities.get(request.entity)
        if entity is not None and step_of(entity, request) is not None:
            found[request.entity].append(request)
    return found


def _readable(
    context: Context, connection: sa.Connection, entity: Entity, ids: Iterable[UUID]
) -> dict[UUID, Values]:
    found = rows.load(connection, context.model, entity, ids)
    rights, judge = CallerRights(context, entity), evaluator(context, connection, found.values())
    return {
        id_: record
        for id_, record in found.items()
        if record["deleted_at"] is None and rights.may("read", judge, record)
    }


def _decided_by_caller(
    context: Context,
    connection: sa.Connection,
    known: Sequence[Request],
    records: Mapping[UUID, Row],
    stands_for: set[UUID],
) -> list[Request]:
    """Those requests that the caller can decide on and has not yet, or can bring to their end."""
    some = _seats(context, connection, known, records, stands_for)
    asked = [one for one in known if _own(some[one.id], context.principal.user)]
    said = requests.decisions(connection, context.database.system, [one.id for one in asked])
    decided = [one for one in asked if _counted_of(context, one, said[one.id])]
    seats = some | _seats(context, connection, decided, records)
    return [one for one in asked if _approves(context, one, seats[one.id], said[one.id])]


def _own(seats: Sequence[Seat], user: UUID) -> list[Seat]:
    return [seat for seat in seats if user in seat.deciders]


def _counted_of(context: Context, request: Request, said: Sequence[Decision]) -> list[Decision]:
    """The caller's decisions in the present step."""
    return [one for one in counting(request, said) if one.decider == context.principal.user]


def _approves(context: Context, request: Request, seats: Sequence[Seat], said: Sequence[Decision]) -> bool:
    """Whether an approval of the caller would count, or end what has been approved by all who are asked now.

    seats: all of the step where the caller has decided in it, else those of the caller are enough.
    """
    user, step = context.principal.user, step_of(context.model.entities[request.entity], request)
    own = _own(seats, user)
    if step is None or not own:
        return False
    counted = counting(request, said)
    return may_add(step, own, counted, user) or is_enough(step, seats, counted)


def _seats(
    context: Context,
    connection: sa.Connection,
    asked: Sequence[Request],
    records: Mapping[UUID, Row],
    among: set[UUID] | None = None,
) -> dict[UUID, list[Seat]]:
    """Request → the seats of the step that is being decided."""
    steps = [(one, step_of(context.model.entities[one.entity], one)) for one in asked if one.pending]
    sound = [(one, step) for one, step in steps if step is not None]
    wanted = [Asked(one.entity, records[one.record], step, one.requester) for one, step in sound]
    found = seats_of(context, connection, wanted, among)
    return {one.id: seats for (one, _), seats in zip(sound, found, strict=True)}


# ---- what is told


def _told(
    context: Context,
    connection: sa.Connection,
    entity: Entity,
    asked: Sequence[Request],
    records: Mapping[UUID, Values],
) -> list[ApprovalState]:
    """Requests with everything that belongs to them."""
    if not asked:
        return []
    seats = _seats(context, connection, asked, records)
    said = requests.decisions(connection, context.database.system, [one.id for one in asked])
    values: dict[UUID, dict[str, Any]] = {one.id: dict(one.sent) for one in asked}
    for one in asked:
        hide_unreadable(context, connection, entity, records[one.record], [values[one.id]])
    teller = _Teller(context, entity)
    told = [
        teller.state(one, records[one.record], seats.get(one.id, []), said[one.id], values[one.id])
        for one in asked
    ]
    sent = [part for one in values.values() for part in references_in(context.model, entity, one)]
    add_titles(context, connection, [*teller.references, *sent])
    return told


class _Teller:
    """Makes requests ready to be told. references: those whose titles are still to be looked up."""

    def __init__(self, context: Context, entity: Entity) -> None:
        self.references: list[Reference] = []
        self._context = context
        self._entity = entity
        self._locale = context.principal.locale

    def state(
        self,
        request: Request,
        record: Row,
        seats: Sequence[Seat],
        said: Sequence[Decision],
        values: Mapping[str, Any],
    ) -> ApprovalState:
        """One request."""
        chosen, step = transition_of(self._entity, request), step_of(self._entity, request)
        label = text_of(chosen.declaration.label, self._locale) if chosen else request.transition
        waiting = step if request.pending else None
        return ApprovalState(
            id=str(request.id),
            record={"id": str(request.record), "entity": request.entity, "title": record[TITLE]},
            transition=request.transition,
            label=label,
            to=chosen.declaration.target if chosen else None,
            status=request.status,
            requested_by=self._user(request.requester),
            requested_at=self._moment(request.requested_at),
            values=values,
            step=request.step + 1 if waiting is not None else None,
            steps=self._steps(request, chosen, seats),
            waits_for=waits_for(self._context.model, waiting, self._locale) if waiting else None,
            decisions=tuple(self._decision(request, one) for one in said),
            may=self._may(request, seats, said),
            closed_at=self._moment(request.closed_at) if request.closed_at else None,
            closed_by=self._user(request.closed_by) if request.closed_by else None,
            reason=request.reason,
        )

    def _steps(
        self, request: Request, chosen: Transition | None, seats: Sequence[Seat]
    ) -> tuple[StepState, ...]:
        if chosen is None or chosen.approval is None:
            return ()
        able = dict.fromkeys(user for seat in seats for user in seat.deciders)
        told = []
        for number, step in enumerate(chosen.approval.steps):
            asked = able if request.pending and number == request.step else ()
            people = tuple(self._user(user) for user in asked)
            words = waits_for(self._context.model, step, self._locale)
            told.append(StepState(words, step.declaration.needs, people))
        return tuple(told)

    def _decision(self, request: Request, one: Decision) -> DecisionState:
        return DecisionState(
            step=one.step + 1,
            decision=one.decision,
            by=self._user(one.decider),
            on_behalf_of=tuple(self._user(seat) for seat in one.seats if seat != one.decider),
            reason=one.reason,
            at=self._moment(one.at),
            valid=one.round == request.round,
        )

    def _may(self, request: Request, seats: Sequence[Seat], said: Sequence[Decision]) -> tuple[str, ...]:
        if not request.pending:
            return ()
        principal = self._context.principal
        decides = bool(_own(seats, principal.user))
        approves = _approves(self._context, request, seats, said)
        mine = {"approve": approves, "reject": decides, "withdraw": may_withdraw(principal, request)}
        return tuple(name for name, may in mine.items() if may)

    def _user(self, user: UUID) -> Reference:
        told = {"id": str(user), "entity": "user"}
        self.references.append(told)
        return told

    def _moment(self, moment: datetime) -> str:
        return instant(self._entity, moment)
