"""What deleting a record would do, told before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.model.model import Entity, Field
from fieldstone.records import rows
from fieldstone.records.batch import Batch, find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.delete import Removal
from fieldstone.records.environment import evaluator
from fieldstone.records.peeking import peek
from fieldstone.records.reasons import needed
from fieldstone.records.rows import TITLE, Values

MOST_NAMED = 5


@dataclass(frozen=True)
class Concerned:
    """Some records of an entity. field: by which they refer to what goes. titles: of some of those that the
    caller may read; count: of all, readable or not.
    """

    entity: Entity
    count: int
    field: Field | None = None
    titles: Sequence[str] = ()


@dataclass(frozen=True)
class DeletePreview:
    """What deleting a record would do.

    deleted: what would go to the recycle bin with it. cleared: what would lose a reference. blocking: what
    refers to it and holds it. forbidden: what would go with it and the caller may not delete.
    reason: why the caller may not delete the record itself, else None.
    """

    deleted: Sequence[Concerned]
    cleared: Sequence[Concerned]
    blocking: Sequence[Concerned]
    forbidden: Sequence[Concerned]
    reason: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether nothing is in the way."""
        return self.reason is None and not self.blocking and not self.forbidden


def preview_delete(context: Context, entity: str, id_: UUID) -> DeletePreview:
    """What deleting a record would do; nothing is written or locked. What rules would do then is not told.

    Raises `NotFound` if there is no such record, or the caller may not read it.
    """
    found = find_entity(context, entity)
    with context.database.read() as connection:
        batch = peek(context, connection, found, id_)
        may = batch.rights.may("delete", batch.stored, batch.items[0].old)
        removal = Removal(batch, locked=False)
        removal.follow_cascades()
        removal.collect_cleared()
        return DeletePreview(
            deleted=[_concerned(batch, one, None, records) for one, records in removal.removed() if records],
            cleared=[_concerned(batch, *entry) for entry in removal.cleared()],
            blocking=[
                _counted(batch, referrer.entity, referrer.field, (count, ids))
                for referrer, count, ids in removal.restricting()
            ],
            forbidden=[Concerned(one, count) for one, count in removal.forbidden.items()],
            reason=None if may else needed(context, found, "delete"),
        )


def _counted(batch: Batch, entity: Entity, field: Field, found: tuple[int, Sequence[UUID]]) -> Concerned:
    count, ids = found
    some = rows.load(batch.connection, batch.model, entity, ids).values()
    return Concerned(entity, count, field, _titles(batch.context, batch.connection, entity, list(some)))


def _concerned(batch: Batch, entity: Entity, field: Field | None, records: Sequence[Values]) -> Concerned:
    titles = _titles(batch.context, batch.connection, entity, records)
    return Concerned(entity, len(records), field, titles)


def _titles(
    context: Context, connection: sa.Connection, entity: Entity, records: Sequence[Values]
) -> list[str]:
    """What some of the records are called, only of those that the caller may read."""
    rights, judge = CallerRights(context, entity), evaluator(context, connection, records)
    readable = (record for record in records if rights.may("read", judge, record))
    return [record[TITLE] for record, _ in zip(readable, range(MOST_NAMED), strict=False)]
