"""Records as they look in the organisation's currency."""

from __future__ import annotations

from collections.abc import Sequence

from fieldstone.fields.money import BASE
from fieldstone.model.model import Entity, Model
from fieldstone.records.rows import Row
from fieldstone.records.shape import shape_of
from fieldstone_rules.environment import Related
from fieldstone_rules.tree import CollectionSource
from fieldstone_rules.types import Ref


def in_base(entity: Entity, record: Row) -> Row:
    """A record with its amounts, those of stored formulas included, as the organisation counts them."""
    keys = shape_of(entity).base_keys
    return {**record, **{key.removesuffix(BASE): record[key] for key in keys}} if keys else record


class InBase:
    """Related records, all of them converted."""

    def __init__(self, below: Related, model: Model) -> None:
        self._below = below
        self._model = model

    def record(self, ref: Ref) -> Row | None:
        """The record behind a reference, converted."""
        found = self._below.record(ref)
        return None if found is None else in_base(self._model.entities[ref.entity], found)

    def collection(self, source: CollectionSource, of: Ref | None) -> Sequence[Row]:
        """The records of a collection, converted."""
        entity = self._model.entities[source.entity]
        return [in_base(entity, row) for row in self._below.collection(source, of)]
