"""Walking routes backwards: from records that changed to those of which something kept may follow from them.

Every record on the way is locked, in the order of the ids, before anything is computed. Whoever makes a new
connection between records keeps the one that it leads to from being changed (`references.check`), so one of
two simultaneous transactions always sees what the other did.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.model.model import Link, Model
from fieldstone.model.rule_columns import SystemColumns
from fieldstone.records.rows import Row
from fieldstone_rules.routes import Hop, Route
from fieldstone_rules.types import Ref

Condition = Callable[[], sa.ColumnElement[bool]]

_UUIDS = postgresql.ARRAY(postgresql.UUID(as_uuid=True))


@dataclass(frozen=True, eq=False)
class Changed:
    """A record that was written. old: before, empty if it is new. new: afterwards."""

    id: UUID
    old: Row
    new: Row


@dataclass
class Seeds:
    """The records of one entity from which a walk starts.

    written: those of which both states are known. recomputed: those of which only a kept value changed.
    """

    written: list[Changed] = field(default_factory=list)
    recomputed: set[UUID] = field(default_factory=set)

    def ids(self, *, new: bool) -> set[UUID]:
        """The ids of all; new: with those of new records, to which nobody can refer yet."""
        return self.recomputed | {one.id for one in self.written if new or one.old}


class Walker:
    """Walks in one transaction; the same step from the same records only once."""

    def __init__(self, connection: sa.Connection, model: Model) -> None:
        self._connection = connection
        self._model = model
        self._stepped: dict[tuple[Hop, frozenset[UUID]], frozenset[UUID]] = {}

    def start_of(self, route: Route, seeds: Seeds) -> frozenset[UUID]:
        """The ids of the records from which `route` leads to any of the seeds, locked."""
        *before, last = route
        ids = self._from_seeds(last, seeds)
        for hop in reversed(before):
            ids = self._back(hop, ids)
        return ids

    def _from_seeds(self, hop: Hop, seeds: Seeds) -> frozenset[UUID]:
        """One step back from the seeds, of which both the old and the new connections count."""
        if not hop.backwards:
            return self._back(hop, seeds.ids(new=hop.field is None))
        asked = seeds.ids(new=False) if hop.many else seeds.recomputed
        return self._lock(hop.start, frozenset(_named(hop, seeds.written))) | self._back(hop, asked)

    def _back(self, hop: Hop, ids: Collection[UUID]) -> frozenset[UUID]:
        step = hop, frozenset(ids)
        if step not in self._stepped:
            table = self._model.entities[hop.start].table
            self._stepped[step] = self._locked(hop, table, lambda: self._condition(hop, table), ids)
        return self._stepped[step]

    def _lock(self, entity: str, ids: frozenset[UUID]) -> frozenset[UUID]:
        table = self._model.entities[entity].table
        return self._locked(entity, table, lambda: table.c.id == _given(), ids)

    def _locked(
        self, key: Hashable, table: sa.Table, condition: Condition, ids: Collection[UUID]
    ) -> frozenset[UUID]:
        """The records that meet a condition on the given ids, locked. The statement is kept under `key`."""
        if not ids:
            return frozenset()
        kept = (__name__, key)
        if kept not in self._model.cache:
            chosen = sa.select(table.c.id).where(condition()).order_by(table.c.id)
            self._model.cache[kept] = chosen.with_for_update(key_share=True)
        found: Iterable[UUID] = self._connection.scalars(self._model.cache[kept], {"ids": sorted(ids)})
        return frozenset(found)

    def _condition(self, hop: Hop, table: sa.Table) -> sa.ColumnElement[bool]:
        """Which records of `hop.start` lead to the given ones of `hop.end`."""
        if hop.field is None:
            return sa.true()
        if hop.many:
            link = self._link(hop)
            mine, theirs = (link.target, link.source) if hop.backwards else (link.source, link.target)
            return table.c.id.in_(sa.select(mine).where(theirs == _given()))
        columns = SystemColumns(self._model)
        if hop.backwards:
            ends = self._model.entities[hop.end].table.alias()
            owner = columns.target(ends, hop.end, hop.field, hop.start)
            return table.c.id.in_(sa.select(owner).where(ends.c.id == _given()))
        target = columns.target(table, hop.start, hop.field, hop.end)
        if isinstance(target, sa.Column):
            return target == _given()
        return sa.and_(table.c[hop.field] == _given(), target == _given())  # the first has the index

    def _link(self, hop: Hop) -> Link:
        found = self._model.entities[hop.declaring].field(str(hop.field))
        assert found is not None
        assert found.link is not None
        return found.link


def _named(hop: Hop, written: Sequence[Changed]) -> Iterable[UUID]:
    """The records of `hop.start` that written records name or named with the field of the hop."""
    for one in written:
        for state in (one.old, one.new):
            yield from (ref.id for ref in _refs(state, str(hop.field)) if ref.entity == hop.start)


def _refs(state: Mapping[str, Any], name: str) -> tuple[Ref, ...]:
    value = state.get(name)
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _given() -> sa.CollectionAggregate[Any]:
    return sa.any_(sa.bindparam("ids", type_=_UUIDS))
