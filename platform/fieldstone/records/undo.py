"""Undoing an operation: what is still as the operation left it becomes what it was before.

It goes back in time, batch by batch, with the rights of who undoes. What somebody has changed since stays and
is told. Rules run as in any save. An undo is an operation itself, so that it can be undone in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.context import Context
from fieldstone.errors import Conflict, FieldstoneError, VersionConflict
from fieldstone.records import links, loading, operations, saving, uniqueness
from fieldstone.records.batch import Batch, find_entity
from fieldstone.records.conflicts import merged
from fieldstone.records.halving import in_parts
from fieldstone.records.journal import CREATE, DELETE, IMPORT, RESTORE
from fieldstone.records.operations import Operation
from fieldstone.records.restore import restore
from fieldstone.records.row_outcomes import (
    REFUSED,
    UNCHANGED,
    UPDATED,
    RowOutcome,
    Step,
    refused,
    removing,
    run,
)
from fieldstone.records.rows import Lock, Values
from fieldstone.records.since_undone import as_left

BATCH = 500
MOST_TOLD = 1_000
CHANGED_SINCE = "changed_since"
_REMOVE, _CHANGE, _RESTORE, _WITH_ITS_ROOT = "remove", "change", "restore", "with its root"


@dataclass
class Undone:
    """What an undo did. operation: its own. changed_since: records that stayed, as somebody changed them.

    told: what did not become what it was, the first thousand: (entity, record, outcome).
    """

    operation: UUID
    undone: int = 0
    unchanged: int = 0
    changed_since: int = 0
    refused: int = 0
    told: list[tuple[str, UUID, RowOutcome]] = field(default_factory=list)

    def count(self, entity: str, record: UUID, outcome: RowOutcome) -> None:
        """Take note of one record."""
        if outcome.action == UNCHANGED:
            self.unchanged += 1
        elif outcome.action != REFUSED:
            self.undone += 1
        else:
            since = outcome.errors[0].code in (CHANGED_SINCE, "version_conflict")
            self.changed_since += since
            self.refused += not since
            if len(self.told) < MOST_TOLD:
                self.told.append((entity, record, outcome))


@dataclass(frozen=True)
class _Touched:
    """A record that the operation wrote. kind: what undoes it. version: how the operation left it."""

    entity: str
    record: UUID
    kind: str
    version: int
    last: int


def undo(context: Context, id_: UUID) -> Undone:
    """Take back what an operation did, as far as nobody has changed it since and the caller may.

    Each batch is a transaction; after an interruption it can be called again. Raises `NotFound` for an
    unknown operation or one of somebody else, `Conflict` for the undo of a merge, and `Unavailable` where
    the database cannot be reached.
    """
    operation = operations.require(context, id_)
    _refuse_undone_merge(context, operation)
    # What comes back was there before: nobody is asked whether it counts as the same as something else.
    note = f"Undo of {operation.action} {operation.id}"
    noted = replace(context, note=note, accepts_duplicates=True)
    undoing = operations.begin(noted, operations.UNDO, operation.entity, undoes=operation.id)
    assert undoing.operation is not None
    result = Undone(undoing.operation)
    for group in _groups(context, operation):
        for touched, outcome in zip(group, _undo_group(undoing, operation, group), strict=True):
            result.count(touched.entity, touched.record, outcome)
    return result


def _refuse_undone_merge(context: Context, operation: Operation) -> None:
    """The merged records would go again, with what belongs to them by now: that is for a new merge."""
    undone = None if operation.undoes is None else operations.find(context, operation.undoes)
    if undone is not None and undone.action == operations.MERGE:
        raise Conflict("The undo of a merge cannot be undone. Merge the records again.", code="undone_merge")


def _groups(context: Context, operation: Operation) -> Iterator[list[_Touched]]:
    """What the operation wrote, the last first, in groups that are undone together."""
    before: int | None = None
    while page := _page(context, operation, before):
        before = page[-1].last
        for (entity, kind), found in groupby(page, key=lambda one: (one.entity, one.kind)):
            if entity in context.model.entities and kind != _WITH_ITS_ROOT:
                yield list(found)


def _page(context: Context, operation: Operation, before: int | None) -> list[_Touched]:
    table = context.database.system.history
    last = sa.func.max(table.c.id)
    statement = (
        sa.select(
            table.c.entity,
            table.c.record,
            last.label("last"),
            sa.func.min(table.c.version).label("first_version"),
            sa.func.max(table.c.version).label("last_version"),
            sa.func.array_agg(postgresql.aggregate_order_by(table.c.action, table.c.id)).label("actions"),
            sa.func.bool_and(table.c.cause.is_not(None)).label("caused"),
        )
        .where(table.c.operation == operation.id)
        .group_by(table.c.entity, table.c.record)
        .order_by(last.desc())
        .limit(BATCH)
    )
    if before is not None:
        statement = statement.having(last < before)
    with context.database.read() as connection:
        return [_touched(row) for row in connection.execute(statement)]


def _touched(row: Any) -> _Touched:
    return _Touched(row.entity, row.record, _kind(row), row.last_version, row.last)


def _kind(row: Any) -> str:
    if row.caused:
        return _WITH_ITS_ROOT
    if row.actions[-1] == DELETE:
        return _RESTORE
    made = row.first_version == 1 and row.actions[0] in (CREATE, IMPORT)
    return _REMOVE if made or row.actions[-1] == RESTORE else _CHANGE


def _undo_group(context: Context, operation: Operation, group: Sequence[_Touched]) -> list[RowOutcome]:
    works: Mapping[str, Callable[[Context, Operation, Sequence[_Touched]], list[RowOutcome]]] = {
        _REMOVE: _remove,
        _CHANGE: _change_back,
        _RESTORE: _restore,
    }

    def refuse(part: Sequence[_Touched], error: FieldstoneError) -> list[RowOutcome]:
        return [refused(error) for _ in part]

    parts = in_parts(group, partial(works[group[0].kind], context, operation), refuse)
    return [outcome for part in parts for outcome in part]


def _restore(context: Context, _operation: Operation, group: Sequence[_Touched]) -> list[RowOutcome]:
    written = restore(context, group[0].entity, [one.record for one in group], [one.version for one in group])
    return [RowOutcome(UPDATED, one.id, one.version) for one in written]


def _remove(context: Context, _operation: Operation, group: Sequence[_Touched]) -> list[RowOutcome]:
    load = partial(_load_as_left, versions=[one.version for one in group], lock=Lock.REMOVED)
    return _in_one(context, group, lambda _batch: removing(load))


def _change_back(context: Context, operation: Operation, group: Sequence[_Touched]) -> list[RowOutcome]:
    load = partial(_load_as_left, versions=[one.version for one in group], lock=Lock.CHANGED)

    def step(template: Batch) -> Step:
        return _changing_back(_values_before(template, operation, group), load)

    return _in_one(context, group, step)


def _in_one(context: Context, group: Sequence[_Touched], step: Callable[[Batch], Step]) -> list[RowOutcome]:
    """One transaction for a group."""

    def work(connection: sa.Connection) -> list[RowOutcome]:
        batch = Batch(context, connection, find_entity(context, group[0].entity), [], partial=True)
        found = run(batch, {place: one.record for place, one in enumerate(group)}, step(batch))
        return [found[place] for place in range(len(group))]

    return context.database.run_write(context.model.version, work)


def _load_as_left(batch: Batch, *, versions: Sequence[int], lock: Lock) -> None:
    """Load the records; those that are not as the operation left them any more are left out."""
    loading.load(batch, [None] * len(versions), lock)
    written = [item for item in batch.items if item.old["version"] != versions[item.position]]
    same = as_left(batch, {item.id: versions[item.position] for item in written})
    for item in written:
        if item.id not in same:
            batch.refusals.add(
                item.position, None, CHANGED_SINCE, "Changed since; it stays as it is.", kind=VersionConflict
            )
    batch.settle()


def _values_before(batch: Batch, operation: Operation, group: Sequence[_Touched]) -> dict[int, Values]:
    """Position → the values that the fields had before the operation, but for what comes back with others."""
    table = batch.context.database.system.history
    wanted = sa.bindparam(
        None, [one.record for one in group], type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True))
    )
    statement = (
        sa.select(table.c.record, table.c.changes)
        .where(table.c.operation == operation.id, table.c.entity == batch.entity.name)
        .where(table.c.record == sa.any_(wanted), table.c.cause.is_(None))
        .order_by(table.c.id)
    )
    found: dict[UUID, list[Any]] = {one.record: [] for one in group}
    for record, changes in batch.connection.execute(statement):
        found[record].append(changes)
    return {place: _before(batch, merged(found[one.record])) for place, one in enumerate(group)}


def _before(batch: Batch, changes: Mapping[str, list[Any]]) -> Values:
    known = {name: batch.entity.field(name) for name in changes}
    return {
        name: found.type.read(changes[name][0])
        for name, found in known.items()
        if found is not None and found.formula is None
    }


def _changing_back(values: Mapping[int, Values], load: Callable[[Batch], None]) -> Step:
    """The step that gives records values they had, of fields too that only rules or transitions set."""

    def step(batch: Batch) -> str:
        load(batch)
        for item in batch.items:
            item.sent = dict(values[item.position])
            links.sort(item.sent)
        links.load(batch)
        batch.rights.check_stored(batch)
        batch.settle()
        for item in batch.items:
            item.new = {**item.old, **item.sent}
            item.given_back, item.sent = frozenset(item.sent), {}
        saving.judge(batch)
        batch.items = [item for item in batch.items if saving.is_changed(batch.entity, item)]
        uniqueness.check(batch)
        saving.settle(batch)
        if batch.items:
            saving.change(batch)
        return UPDATED

    return step
