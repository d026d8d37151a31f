"""What rules see besides the record at hand: other records and collections, one query per path and batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.model.model import Model
from fieldstone.model.rule_columns import SystemColumns
from fieldstone.records import rows
from fieldstone.records.rows import Row, Values
from fieldstone.records.rules.transaction import Meter, Place
from fieldstone_rules import Pairs, is_there
from fieldstone_rules.tree import CollectionSource
from fieldstone_rules.types import Ref

if TYPE_CHECKING:
    from fieldstone.records.batch import Batch

_UUIDS = postgresql.ARRAY(postgresql.UUID(as_uuid=True))


class RuleRelated:
    """Related records as they are now: those of the save as they will be, others as they are stored.

    Whatever is asked for is fetched for all records at hand at once. After a write it is fetched anew.
    """

    def __init__(self, batch: Batch, meter: Meter, place: Place) -> None:
        self._batch = batch
        self._meter = meter
        self.place = place
        self._fetched: dict[Ref, Row | None] = {}
        self._collections: dict[CollectionSource, dict[UUID, list[Row]]] = {}
        self._hand: dict[Ref, Row] = {}
        self._named: set[Ref] = set()

    def watch(self, entity: str, records: Iterable[Row]) -> None:
        """Count records among those at hand."""
        self._hand |= {Ref(entity, record["id"]): record for record in records}

    def name(self, value: Any) -> None:
        """Count what a variable refers to among what may be asked for."""
        if isinstance(value, Ref):
            self._named.add(value)

    def forget(self) -> None:
        """Something was written: fetch anew what is asked for from now on."""
        self._fetched.clear()
        self._collections.clear()

    def record(self, ref: Ref) -> Row | None:
        """The record behind a reference, in the recycle bin or not; None when there is none."""
        run = self._batch.run
        own = run.open.get(ref)
        if own is not None:
            return own.new or own.old
        if ref not in self._fetched:
            self._fetch(ref)
        found, waiting = self._fetched[ref], run.pending.get(ref)
        return {**found, **waiting} if found is not None and waiting else found

    def _fetch(self, missing: Ref) -> None:
        wanted = {missing} | {ref for ref in self._mentioned(missing.entity) if ref not in self._fetched}
        batch, entity = self._batch, self._batch.model.entities.get(missing.entity)
        batch.run.query(self.place)
        ids = [ref.id for ref in wanted]
        found = rows.load(batch.connection, batch.model, entity, ids) if entity else {}
        self._meter.step(self.place, len(found))
        self._fetched |= {ref: found.get(ref.id) for ref in wanted}
        self.watch(missing.entity, found.values())

    def _mentioned(self, entity: str) -> Iterable[Ref]:
        yield from (ref for ref in self._named if ref.entity == entity)
        for record in self._hand.values():
            for value in record.values():
                if isinstance(value, Ref) and value.entity == entity:
                    yield value

    def collection(self, source: CollectionSource, of: Ref | None) -> Sequence[Row]:
        """The live records of a collection of the record `of`, and those that went to the bin with it."""
        if of is None:
            return ()
        known = self._collections.setdefault(source, {})
        if of.id not in known:
            owners = {ref.id for ref in [*self._hand, *self._named] if ref.entity == of.entity} | {of.id}
            known |= self._members(source, sorted(owners - known.keys()))
        return known[of.id]

    def _members(self, source: CollectionSource, owners: list[UUID]) -> dict[UUID, list[Row]]:
        batch, groups = self._batch, defaultdict[UUID, list[Row]](list)
        batch.run.query(self.place)
        ended: dict[UUID, datetime | None] = dict.fromkeys(owners)
        for owner, record in members(batch.connection, batch.model, source, owners):
            known = batch.run.open.get(Ref(source.entity, record["id"]))
            groups[owner].append(known.new if known is not None and known.new else record)
            ended[owner] = record["deleted_at"]
        if source.owned:
            self._overlay(source, groups, ended)
        found = [record for group in groups.values() for record in group]
        self._meter.step(self.place, len(found))
        self.watch(source.entity, found)
        return {owner: groups.get(owner, []) for owner in owners}

    def _overlay(
        self, source: CollectionSource, groups: dict[UUID, list[Row]], ended: dict[UUID, datetime | None]
    ) -> None:
        """Have those that are saved together with the records around them there, and those removed not.

        ended: owner → when it went to the recycle bin, as far as its members tell.
        """
        opened = self._batch.run.open
        for id_, stored in ended.items():
            owner = opened.get(Ref(str(source.owner), id_))
            ended[id_] = owner.new["deleted_at"] if owner is not None and owner.new else stored
        for id_, group in groups.items():
            group[:] = [row for row in group if row["deleted_at"] == ended[id_]]
        known = {row["id"] for group in groups.values() for row in group}
        for ref, item in opened.items():
            if ref.entity == source.entity and item.new:
                around = item.new[str(source.inverse_field)]
                if around is None or around.id not in ended or item.id in known:
                    continue
                if item.new["deleted_at"] == ended[around.id]:
                    groups[around.id].append(item.new)


def members(
    connection: sa.Connection, model: Model, source: CollectionSource, owners: Sequence[UUID] | None
) -> Iterator[tuple[UUID, Values]]:
    """(owner, record) of the live records in the collections of `owners`, and of those that went to the
    recycle bin with them. None: of a whole entity, each record as its own owner.
    """
    entity = model.entities[source.entity]
    for row in connection.execute(_statement(model, source), {"owners": owners}).mappings():
        yield row["_of"], rows.read_row(entity, {key: row[key] for key in row if key != "_of"})


def _statement(model: Model, source: CollectionSource) -> sa.Select[Any]:
    key = (__name__, source)
    if key not in model.cache:
        model.cache[key] = _build(model, source)
    found: sa.Select[Any] = model.cache[key]
    return found


def _build(model: Model, source: CollectionSource) -> sa.Select[Any]:
    entity = model.entities[source.entity]
    owners = sa.any_(sa.bindparam("owners", type_=_UUIDS))
    columns = rows.read_columns(model, entity)
    alive = entity.table.c.deleted_at.is_(None)
    if source.owner is None:
        return sa.select(*columns, entity.table.c.id.label("_of")).where(alive)
    around = model.entities[source.owner].table.alias() if source.along else None
    ended = None if around is None else around.c.deleted_at
    owner: sa.ColumnElement[Any]
    if not source.many:
        owner = rows.target_column(_field(model, source.entity, source.inverse_field), source.owner)
        found = sa.select(*columns, owner.label("_of")).where(is_there(entity.table.c.deleted_at, ended))
    else:
        pairs, member, owner = _pairs(model, source, ended)
        joined = entity.table.join(pairs.rows, member == entity.table.c.id)
        found = sa.select(*columns, owner.label("_of")).select_from(joined).where(alive, *pairs.conditions)
    chosen = found.where(owner == owners)
    return chosen if around is None else chosen.where(around.c.id == owner)


def _pairs(
    model: Model, source: CollectionSource, ended: sa.ColumnElement[Any] | None
) -> tuple[Pairs, sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    """The pairs behind a collection, with their columns for the members and for the owners."""
    if source.inverse_field is not None:
        pairs = SystemColumns(model).link(source.entity, source.inverse_field, ended)
        return pairs, pairs.source, pairs.target
    pairs = SystemColumns(model).link(str(source.owner), str(source.name), ended)
    return pairs, pairs.target, pairs.source


def _field(model: Model, entity: str, name: str | None) -> Any:
    field = model.entities[entity].field(str(name))
    assert field is not None
    return field
