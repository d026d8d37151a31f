"""Many-to-many fields: their pairs before and after a save."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.model.model import Entity, Field, Link
from fieldstone.records import rows
from fieldstone.records.batch import Batch, Item
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import evaluator
from fieldstone.records.link_records import unknown
from fieldstone.records.rows import Values
from fieldstone.records.shape import shape_of
from fieldstone.records.writing import Part, linking, unlinking
from fieldstone_rules.types import Ref


def load(batch: Batch) -> None:
    """Add the present values of the many-to-many fields that were sent to the stored records."""
    for field in shape_of(batch.entity).links:
        items = [item for item in batch.items if field.name in item.sent]
        if items and field.link is not None:
            found = pairs_of(batch.connection, field.link, [item.id for item in items])
            for item in items:
                item.old[field.name] = found.get(item.id, ())


def keep_unseen(batch: Batch) -> None:
    """Add to what was sent those present targets that the caller cannot see: nobody means to remove them.

    Unseen are targets that the caller may not read, those in the recycle bin, and those whose link is a
    record that the caller may not read, or not what it leads to.
    """
    for field in shape_of(batch.entity).links:
        dropped = {item.id: _dropped(item, field) for item in batch.items if field.name in item.sent}
        targets = {ref for refs in dropped.values() for ref in refs}
        if not targets or field.link is None:
            continue
        hidden = unseen(batch, field.link, targets)
        pairs = unknown(batch, field.link, [id_ for id_, refs in dropped.items() if refs])
        for item in batch.items:
            refs = dropped.get(item.id, ())
            kept = [ref for ref in refs if ref in hidden or (item.id, ref.id) in pairs]
            if kept:
                item.sent[field.name] = (*(item.sent[field.name] or ()), *kept)
                sort(item.sent)


def _dropped(item: Item, field: Field) -> list[Ref]:
    """The present targets that are missing in what was sent."""
    return [ref for ref in item.old[field.name] if ref not in (item.sent[field.name] or ())]


def unseen(batch: Batch, link: Link, targets: AbstractSet[Ref]) -> set[Ref]:
    """Those of the records that are linked which the caller may not read, or which are in the recycle bin."""
    entity = batch.model.entities[link.entity]
    found = rows.load(batch.connection, batch.model, entity, (ref.id for ref in targets))
    rights = CallerRights(batch.context, entity)
    judge = evaluator(batch.context, batch.connection, found.values())
    seen = {id_ for id_, row in found.items() if row["deleted_at"] is None and rights.may("read", judge, row)}
    return {ref for ref in targets if ref.id not in seen}


def sort(values: Values) -> None:
    """Bring the many-to-many values that were sent into one order, as they are sets."""
    for name, value in values.items():
        if isinstance(value, tuple) and all(isinstance(part, Ref) for part in value):
            values[name] = tuple(sorted(value, key=lambda ref: ref.id))


def parts(entity: Entity, items: Sequence[Item]) -> Iterable[Part]:
    """What a write of records of an entity does to its link tables."""
    for field in shape_of(entity).pairs:
        if field.link is not None:
            added, removed = (
                _pairs(items, field, "new", "old"),
                _pairs(items, field, "old", "new"),
            )
            if added:
                yield linking(field.link, added)
            if removed:
                yield unlinking(field.link, removed)


def _pairs(items: Iterable[Item], field: Field, there: str, missing: str) -> list[dict[str, UUID]]:
    """The pairs that are in one state of the records and not in the other."""
    return [
        {"source": item.id, "target": ref.id}
        for item in items
        for ref in getattr(item, there).get(field.name, ())
        if ref not in getattr(item, missing).get(field.name, ())
    ]


def pairs_of(connection: sa.Connection, link: Link, sources: list[UUID]) -> dict[UUID, tuple[Ref, ...]]:
    """Record → the records that it is linked to."""
    ids = sa.bindparam("ids", type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
    pairs = link.pairs()
    linked = (pairs.source == sa.any_(ids), pairs.target.is_not(None), *pairs.conditions)
    statement = sa.select(pairs.source, pairs.target).where(*linked).order_by(pairs.target)
    found: dict[UUID, tuple[Ref, ...]] = {}
    rows: Iterable[Any] = connection.execute(statement, {"ids": sources})
    for source, target in rows:
        found[source] = (*found.get(source, ()), Ref(link.entity, target))
    return found
