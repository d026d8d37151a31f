"""Whether what happened to records after an operation has been taken back since, so that they are as it left
them: who changes twice and undoes twice, the last change first, is back where they began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.records.batch import Batch


@dataclass(frozen=True)
class _Entry:
    """A version of a record, the operation that made it, and which one that took back."""

    version: int
    operation: UUID | None
    undoes: UUID | None


def as_left(batch: Batch, left: Mapping[UUID, int]) -> set[UUID]:
    """Those of the batch's records whose changes after the version in `left` have all been taken back."""
    present = {item.id: item.old["version"] for item in batch.items if item.id in left}
    entries = _entries(batch, left) if present else {}
    return {
        id_
        for id_, version in present.items()
        if {entry.version for entry in entries[id_]} == set(range(left[id_] + 1, version + 1))
        and _cancel_out(entries[id_])
    }


def _entries(batch: Batch, left: Mapping[UUID, int]) -> dict[UUID, list[_Entry]]:
    """What happened to each record after its version in `left`, in order."""
    history, operation = batch.context.database.system.history, batch.context.database.system.operation
    wanted = sa.bindparam(None, list(left), type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
    statement = (
        sa.select(history.c.record, history.c.version, history.c.operation, operation.c.undoes)
        .join_from(history, operation, history.c.operation == operation.c.id, isouter=True)
        .where(history.c.entity == batch.entity.name, history.c.record == sa.any_(wanted))
        .order_by(history.c.id)
    )
    found: dict[UUID, list[_Entry]] = {id_: [] for id_ in left}
    for row in batch.connection.execute(statement):
        if row.version > left[row.record]:
            found[row.record].append(_Entry(row.version, row.operation, row.undoes))
    return found


def _cancel_out(entries: Iterable[_Entry]) -> bool:
    """Whether each operation was taken back, those inside others first."""
    standing: list[UUID | None] = []
    for entry in entries:
        if entry.undoes is not None and standing and standing[-1] == entry.undoes:
            standing.pop()
        elif not standing or entry.operation is None or standing[-1] != entry.operation:
            standing.append(entry.operation)
    return not standing
