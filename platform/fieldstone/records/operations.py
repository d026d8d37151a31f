"""Operations: what one call did to many records as a whole, such as an import, so that it can be undone.

Every change made in a context with an operation stands under it in history and outbox.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.grants import ADMIN
from fieldstone.context import Context, Principal
from fieldstone.errors import NotFound
from fieldstone.records.ids import new_ids

BULK, IMPORT, MERGE, UNDO = "bulk", "import", "merge", "undo"


@dataclass(frozen=True)
class Operation:
    """One operation. action: one of the above. undoes: the operation that it took back, if any."""

    id: UUID
    at: datetime
    actor: UUID
    action: str
    entity: str
    note: str | None
    undoes: UUID | None


def begin(
    context: Context,
    action: str,
    entity: str,
    *,
    undoes: UUID | None = None,
    connection: sa.Connection | None = None,
) -> Context:
    """The context of a new operation, which is on record from now on, or with the caller's transaction.

    connection: that of a transaction which the operation is part of, so that both stay or neither.
    """
    (id_,) = new_ids(1)
    table = context.database.system.operation
    values = {
        "id": id_,
        "at": context.now,
        "actor": context.principal.user,
        "action": action,
        "entity": entity,
        "note": context.note,
        "undoes": undoes,
    }
    with nullcontext(connection) if connection is not None else context.database.transaction() as used:
        used.execute(sa.insert(table).values(values))
    return replace(context, operation=id_)


def find(context: Context, id_: UUID) -> Operation | None:
    """The operation with this id, whoever made it."""
    return _found(context, context.database.system.operation.c.id == id_)


def require(context: Context, id_: UUID) -> Operation:
    """An operation of the caller, or for an administrator anybody's. Raises `NotFound`."""
    table = context.database.system.operation
    found = _found(context, table.c.id == id_, *seen_by(context.principal, table))
    if found is None:
        raise NotFound(f"There is no operation {id_} of yours.", code="unknown_operation")
    return found


def seen_by(principal: Principal, table: sa.Table) -> list[sa.ColumnElement[bool]]:
    """What holds for the operations that somebody may see and take back: their own ones, or all for an
    administrator; with a token that is narrowed, those on its entities.
    """
    own = [] if ADMIN in principal.roles else [table.c.actor == principal.user]
    entities = None if principal.limits is None else principal.limits.entities
    return own if entities is None else [*own, table.c.entity.in_(sorted(entities))]


def _found(context: Context, *conditions: sa.ColumnElement[bool]) -> Operation | None:
    with context.database.read() as connection:
        table = context.database.system.operation
        row = connection.execute(sa.select(table).where(*conditions)).mappings().first()
    return None if row is None else Operation(**row)
