"""Requests for approval and the decisions on them, as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.context import Context
from fieldstone.database.system import SystemTables

PENDING, APPROVED, REJECTED, WITHDRAWN, CLOSED = "pending", "approved", "rejected", "withdrawn", "closed"
STATUSES = (PENDING, APPROVED, REJECTED, WITHDRAWN, CLOSED)
APPROVE, REJECT = "approve", "reject"


@dataclass(frozen=True)
class Request:
    """A request to have a transition approved.

    sent: the asked values in the API's form. round: counts up where the decisions so far were made void.
    step: the one that is being decided, from 0. closed_at, closed_by, reason: how it ended.
    """

    id: UUID
    entity: str
    record: UUID
    field: str
    transition: str
    requester: UUID
    requested_at: datetime
    sent: Mapping[str, Any]
    status: str
    round: int
    step: int
    closed_at: datetime | None = None
    closed_by: UUID | None = None
    reason: str | None = None

    @property
    def pending(self) -> bool:
        """Whether it still waits for somebody."""
        return self.status == PENDING


@dataclass(frozen=True)
class Decision:
    """What somebody decided in a step. seats: of whom, which are others where somebody decides as deputy."""

    approval: UUID
    round: int
    step: int
    decider: UUID
    seats: tuple[UUID, ...]
    decision: str
    reason: str | None
    at: datetime


@dataclass(frozen=True)
class Ending:
    """How a request ended, by whom (None: by itself) and why."""

    status: str
    by: UUID | None = None
    reason: str | None = None


def insert(connection: sa.Connection, system: SystemTables, values: Mapping[str, Any]) -> Request:
    """A new pending request."""
    table = system.approval
    fresh = {"status": PENDING, "round": 1, "step": 0, **values}
    row = connection.execute(sa.insert(table).values(fresh).returning(table)).one()
    return Request(**row._mapping)


def change(connection: sa.Connection, system: SystemTables, request: Request, **values: Any) -> Request:
    """The request with other values, stored."""
    table = system.approval
    statement = sa.update(table).where(table.c.id == request.id).values(values).returning(table)
    return Request(**connection.execute(statement).one()._mapping)


def close(context: Context, connection: sa.Connection, request: Request, ending: Ending) -> Request:
    """The request, ended."""
    values = {"status": ending.status, "closed_at": context.now, "closed_by": ending.by}
    return change(connection, context.database.system, request, **values, reason=ending.reason)


def decide(connection: sa.Connection, system: SystemTables, decision: Decision) -> None:
    """Keep a decision."""
    values = vars(decision) | {"seats": list(decision.seats)}
    connection.execute(sa.insert(system.approval_decision).values(values))


def find(
    connection: sa.Connection, system: SystemTables, *conditions: sa.ColumnElement[bool], most: int
) -> list[Request]:
    """Requests, newest first."""
    table = system.approval
    statement = sa.select(table).where(*conditions).order_by(table.c.id.desc()).limit(most)
    return [Request(**row._mapping) for row in connection.execute(statement)]


def lock_pending(
    connection: sa.Connection, system: SystemTables, entity: str, records: Iterable[UUID]
) -> list[Request]:
    """The pending requests about records, which nobody else decides until the transaction ends."""
    table = system.approval
    wanted = sa.any_(sa.bindparam(None, sorted(records), type_=postgresql.ARRAY(sa.Uuid())))
    about = sa.and_(table.c.entity == entity, table.c.record == wanted, table.c.status == PENDING)
    statement = sa.select(table).where(about).order_by(table.c.id).with_for_update()
    return [Request(**row._mapping) for row in connection.execute(statement)]


def lock(connection: sa.Connection, system: SystemTables, id_: UUID, record: UUID) -> Request | None:
    """One request about a record, which nobody else decides until the transaction ends."""
    table = system.approval
    which = sa.and_(table.c.id == id_, table.c.record == record)
    row = connection.execute(sa.select(table).where(which).with_for_update()).one_or_none()
    return None if row is None else Request(**row._mapping)


def decisions(
    connection: sa.Connection, system: SystemTables, approvals: Sequence[UUID]
) -> dict[UUID, list[Decision]]:
    """The decisions on requests, oldest first."""
    table = system.approval_decision
    found: dict[UUID, list[Decision]] = {id_: [] for id_ in approvals}
    columns = [column for column in table.columns if column.name != "id"]
    statement = sa.select(*columns).where(table.c.approval.in_(approvals)).order_by(table.c.id)
    for row in connection.execute(statement) if approvals else ():
        found[row.approval].append(Decision(**{**row._mapping, "seats": tuple(row.seats)}))
    return found


def forget(connection: sa.Connection, system: SystemTables, entity: str, records: Sequence[UUID]) -> None:
    """Remove what is kept about the workflow of records that are purged."""
    wanted = sa.any_(sa.bindparam(None, list(records), type_=postgresql.ARRAY(sa.Uuid())))
    for table in (system.approval, system.time_limit):
        connection.execute(sa.delete(table).where(table.c.entity == entity, table.c.record == wanted))
