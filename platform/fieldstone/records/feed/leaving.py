"""Which changes took a record out of the caller's sight, judged on the record before and after each, with the
rights of now, but with what was shared at that time.

Of a record that was purged nothing is left to judge by; its end is told to whoever may read such records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.access.sharing import Share
from fieldstone.context import Context
from fieldstone.model.model import Entity
from fieldstone.records import rows
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import evaluator
from fieldstone.records.journal import CREATE, DELETE, IMPORT, PURGE, RESTORE
from fieldstone.records.rows import Values

Left = set[tuple[UUID, int, str]]
"""(record, version, action) of the changes by which records left."""

_FIRST = (CREATE, IMPORT)


def left(context: Context, entity: Entity, ids: Sequence[UUID]) -> Left:
    """The changes by which records, which the caller cannot read now, left the caller's sight."""
    with context.database.read() as connection:
        present = rows.load(connection, context.model, entity, ids)
        changes = _changes(context, connection, entity, ids)
        found = list(_states(entity, present, changes))
        judge = evaluator(context, connection, [state for _, _, states in found for state in states])
        rights = CallerRights(context, entity)

        def seen(state: Values, stands: Callable[[Share], bool]) -> bool:
            live = bool(state) and state["deleted_at"] is None
            return live and rights.may("read", judge.with_shares(stands), state)

        return {
            (id_, entry.version, entry.action)
            for id_, entry, (before, after) in found
            if seen(before, _standing_before(entry.at)) and not seen(after, _standing_after(entry.at))
        }


def _standing_before(at: datetime) -> Callable[[Share], bool]:
    """What was shared just before an instant."""
    return lambda share: share.at < at and (share.end is None or share.end >= at)


def _standing_after(at: datetime) -> Callable[[Share], bool]:
    """What was shared from an instant on."""
    return lambda share: share.at <= at and (share.end is None or share.end > at)


def purged(context: Context, entity: Entity, ids: Sequence[UUID]) -> set[UUID]:
    """Those records that are not there any more, not even in the bin."""
    with context.database.read() as connection:
        wanted = sa.bindparam(None, list(ids), type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
        present = connection.scalars(sa.select(entity.table.c.id).where(entity.table.c.id == sa.any_(wanted)))
        return set(ids) - set(present)


def is_end(action: str) -> bool:
    """Whether a change was the end of a record."""
    return action in (DELETE, PURGE)


def _changes(
    context: Context, connection: sa.Connection, entity: Entity, ids: Sequence[UUID]
) -> dict[UUID, list[Any]]:
    table = context.database.system.history
    wanted = sa.bindparam(None, list(ids), type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
    statement = (
        sa.select(table.c.record, table.c.version, table.c.action, table.c.changes, table.c.at)
        .where(table.c.entity == entity.name, table.c.record == sa.any_(wanted))
        .order_by(table.c.id.desc())
    )
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in connection.execute(statement):
        found[row.record].append(row)
    return found


def _states(
    entity: Entity, present: dict[UUID, Values], changes: dict[UUID, list[Any]]
) -> Iterable[tuple[UUID, Any, tuple[Values, Values]]]:
    """(record, change, its states before and after), back in time from what is stored."""
    for id_, state in present.items():
        after = state
        for entry in changes.get(id_, ()):
            before = {} if entry.action in _FIRST and entry.version == 1 else _before(entity, after, entry)
            yield id_, entry, (before, after)
            after = before


def _before(entity: Entity, after: Values, entry: Any) -> Values:
    before = dict(after)
    for name, (value, _) in entry.changes.items():
        field = entity.field(name)
        if field is not None and name in before:
            before[name] = field.type.read(value)
    if entry.action == DELETE:
        before["deleted_at"] = None
    if entry.action == RESTORE:
        before["deleted_at"] = after["updated_at"]
    return before
