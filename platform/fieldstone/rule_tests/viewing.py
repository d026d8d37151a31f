"""Records as somebody sees them: what may not be read is not there.

Tests are small, so records are fetched when they are asked for, and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.model.model import Entity
from fieldstone.records import rows
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import Evaluator, evaluator
from fieldstone.records.rows import Row
from fieldstone.records.rules.related import members
from fieldstone_rules import EvaluationError
from fieldstone_rules.tree import CollectionSource
from fieldstone_rules.types import Ref


class ViewedRecords:
    """What the principal of a context may read, for the evaluation of expressions."""

    def __init__(self, context: Context, connection: sa.Connection) -> None:
        self._context = context
        self._connection = connection

    def record(self, ref: Ref) -> Row | None:
        """The record behind a reference; None where there is none to see."""
        entity = self._context.model.entities.get(ref.entity)
        if entity is None:
            return None
        found = rows.load(self._connection, self._context.model, entity, [ref.id])
        return next(iter(self._visible(entity, list(found.values()))), None)

    def collection(self, source: CollectionSource, of: Ref | None) -> Sequence[Row]:
        """The live records of a collection that may be read."""
        owners = None if of is None else [of.id]
        found = members(self._connection, self._context.model, source, owners)
        return self._visible(self._context.model.entities[source.entity], [row for _, row in found])

    def _visible(self, entity: Entity, records: Sequence[Row]) -> list[Row]:
        rights = CallerRights(self._context, entity)
        judge = evaluator(self._context, self._connection, records)
        visible = (record for record in records if rights.may("read", judge, record))
        return [_ViewedRecord(record, entity, rights, judge) for record in visible]


class _ViewedRecord(Mapping[str, Any]):
    """A record whose fields are shown as far as they may be read."""

    def __init__(self, record: Row, entity: Entity, rights: CallerRights, judge: Evaluator) -> None:
        self._record = record
        self._entity = entity
        self._rights = rights
        self._judge = judge

    def __getitem__(self, name: str) -> Any:
        value = self._record[name]
        if self._entity.field(name) and not self._rights.may_field("read", name, self._judge, self._record):
            message = f"`{name}` of this {self._entity.name} may not be read with the role of the test."
            raise EvaluationError("unreadable", message)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._record)

    def __len__(self) -> int:
        return len(self._record)
