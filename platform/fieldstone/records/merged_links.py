"""Links that are records, where the records that they link are merged: a pair is linked once."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

import sqlalchemy as sa

from fieldstone.model.model import Entity, Model
from fieldstone.records.batch import Batch
from fieldstone.records.rows import Values, read_columns, read_row
from fieldstone.records.shape import shape_of
from fieldstone_rules.types import Ref


class LinkedPairs:
    """To what the kept record is linked, and which links of merged ones are needed no more.

    superseded: entity → link → the link as it is stored, and the merged record that it goes with.
    """

    def __init__(self, batch: Batch, kept: Ref) -> None:
        self._batch = batch
        self._kept = kept
        self._merged = {item.id for item in batch.items}
        self._others: dict[tuple[str, str], set[UUID]] = {}
        self.superseded: dict[str, dict[UUID, tuple[Values, UUID]]] = defaultdict(dict)

    def supersede(self, entity: Entity, end: str, record: Values) -> bool:
        """Whether a link that is about to lead to the kept record is one too many, and so goes."""
        if record["id"] in self.superseded.get(entity.name, {}):
            return True
        root = record[end].id
        for other in _other_ends(self._batch.model, entity, end):
            ref = record[other]
            if ref is None:
                continue
            taken = self._linked(entity, end, other)
            if ref.id in taken or ref.id == self._kept.id or ref.id in self._merged:
                self.superseded[entity.name][record["id"]] = record, root
                return True
            taken.add(ref.id)
        return False

    def _linked(self, entity: Entity, end: str, other: str) -> set[UUID]:
        """The records that the kept one is linked to, or will be."""
        key = (entity.name, end)
        if key not in self._others:
            table = entity.table
            chosen = (table.c[end] == self._kept.id, table.c.deleted_at.is_(None))
            rows = self._batch.connection.execute(
                sa.select(*read_columns(self._batch.model, entity)).where(*chosen)
            ).mappings()
            found = (read_row(entity, dict(row))[other] for row in rows)
            self._others[key] = {ref.id for ref in found if ref is not None}
        return self._others[key]


def _other_ends(model: Model, entity: Entity, end: str) -> set[str]:
    """The references at the other ends of links of an entity that lead to a record by `end`."""
    fields = (field for owner in model.entities.values() for field in shape_of(owner).links)
    ways = (field.link.through for field in fields if field.link is not None)
    pairs = {(way.near, way.far) for way in ways if way is not None and way.entity == entity.name}
    return {far for near, far in pairs if near == end} | {near for near, far in pairs if far == end}
