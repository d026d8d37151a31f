"""Links between records that are records themselves: those of a many-to-many field that has a `through`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.model.model import Entity, Link
from fieldstone.records.batch import Batch
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import Evaluator, evaluator
from fieldstone.records.rows import Values, read_columns, read_row
from fieldstone_rules import Through

Stored = Mapping[UUID, Mapping[UUID, Values]]
"""Record → the other record → the link between the two."""


def stored_links(batch: Batch, entity: Entity, through: Through, sources: Iterable[UUID]) -> Stored:
    """The live links of some records, locked."""
    table, wanted = entity.table, sorted(sources)
    ids = sa.bindparam(None, wanted, type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
    chosen = (table.c[through.near] == sa.any_(ids), table.c.deleted_at.is_(None))
    statement = (
        sa.select(*read_columns(batch.model, entity)).where(*chosen).order_by(table.c.id).with_for_update()
    )
    found: dict[UUID, dict[UUID, Values]] = defaultdict(dict)
    for row in batch.connection.execute(statement).mappings() if wanted else ():
        record = read_row(entity, dict(row))
        if record[through.far] is not None:
            found[record[through.near].id][record[through.far].id] = record
    return found


def _rows(stored: Stored) -> list[Values]:
    return [row for found in stored.values() for row in found.values()]


def may_know(rights: CallerRights, judge: Evaluator, through: Through, link: Values) -> bool:
    """Whether the caller may know what a link links: read it, and in it both of its references."""
    ends = (through.near, through.far)
    return rights.may("read", judge, link) and all(rights.may_field("read", end, judge, link) for end in ends)


def unknown(batch: Batch, link: Link, sources: Iterable[UUID]) -> set[tuple[UUID, UUID]]:
    """The pairs of some records of which the caller may not know."""
    if link.through is None:
        return set()
    entity = batch.model.entities[link.through.entity]
    rights, stored = CallerRights(batch.context, entity), stored_links(batch, entity, link.through, sources)
    judge = evaluator(batch.context, batch.connection, _rows(stored))
    return {
        (source, target)
        for source, found in stored.items()
        for target, row in found.items()
        if not may_know(rights, judge, link.through, row)
    }
