"""What refers to records that are merged into another one: from then on it refers to that one.

Whoever may merge need not have rights to the records that refer to it, as with references that a delete
clears. Each redirected record has an entry in its history whose cause is the merged record, so that its
restore reverses it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.access.stored_shares import follow_rights
from fieldstone.fields.any_reference import AnyReferenceType
from fieldstone.model.model import FILE_FIELD, Entity, Field, Link
from fieldstone.records import links, trees
from fieldstone.records.batch import Batch, Item
from fieldstone.records.branches import tree_fields
from fieldstone.records.delete import Along
from fieldstone.records.journal import UPDATE, Entry, journal, told_value
from fieldstone.records.kept.follow import follow
from fieldstone.records.kept.walks import Changed
from fieldstone.records.merged_links import LinkedPairs
from fieldstone.records.referrers import CASCADE, CLEAR, RESTRICT, Referrer, locked_rows, referrers
from fieldstone.records.rows import Values, read_columns, read_row, to_columns
from fieldstone.records.shape import shape_of
from fieldstone.records.writing import Part, updating, write
from fieldstone_metadata.names import FILE
from fieldstone_rules.types import Ref

_STAMPED = ("id", "version", "updated_at", "updated_by")


@dataclass
class _Touched:
    """A record that refers to merged ones. steps: merged record → field → [before, after]."""

    entity: Entity
    old: Values
    new: Values
    steps: dict[UUID, dict[str, list[Any]]] = field(default_factory=dict)

    def set(self, root: UUID, changed: Field, value: Any) -> None:
        """Give a field another value because of the merged record `root`."""
        before, self.new[changed.name] = self.new[changed.name], value
        told = [told_value(changed, before), told_value(changed, value)]
        self.steps.setdefault(root, {})[changed.name] = told


class Redirection:
    """Everything that refers to the records of a batch, which go, and then refers to the record `kept`."""

    def __init__(self, batch: Batch, kept: Item) -> None:
        self._batch = batch
        self._merged = {item.id: item for item in batch.items}
        self._ref = Ref(batch.entity.name, kept.id)
        self._kept = _Touched(batch.entity, kept.old, dict(kept.old), {id_: {} for id_ in self._merged})
        self._touched: dict[tuple[str, UUID], _Touched] = {(batch.entity.name, kept.id): self._kept}
        self._pairs = LinkedPairs(batch, self._ref)

    def prepare(self) -> None:
        """Find and lock everything that refers to the merged records; a statement or two for each field."""
        self._place_in_trees()
        for referrer in self._referrers():
            for record in locked_rows(
                self._batch.connection, self._batch.model, referrer, sorted(self._merged)
            ):
                self._redirect(referrer, record)
        for entity in self._batch.model.entities.values():
            for linked in shape_of(entity).pairs:
                if linked.link is not None and linked.link.entity == self._batch.entity.name:
                    self._redirect_links(entity, linked, linked.link)

    def _place_in_trees(self) -> None:
        """A kept record that stands below a merged one comes into the place of that."""
        for tree in tree_fields(self._batch.entity):
            found = trees.place_without(self._batch, tree, self._ref.id, self._merged.keys())
            if found is not None:
                root, above = found
                self._kept.set(root, tree, None if above is None else Ref(self._ref.entity, above))

    def _referrers(self) -> Iterable[Referrer]:
        model = self._batch.model
        yield from referrers(model, self._ref.entity, RESTRICT, CLEAR, CASCADE)
        for entity in model.entities.values():
            for one in entity.fields.values():
                if isinstance(one.type, AnyReferenceType):
                    yield Referrer(entity, one, entity.table.c[one.type.key], CLEAR)

    def _redirect(self, referrer: Referrer, record: Values) -> None:
        ref, entity = record[referrer.field.name], referrer.entity
        if ref.entity != self._ref.entity or self._stays(entity, record):
            return
        if self._pairs.supersede(entity, referrer.field.name, record):
            return
        touched = self._touch(entity, record)
        if touched.new[referrer.field.name] == ref:
            touched.set(ref.id, referrer.field, None if touched is self._kept else self._ref)

    def _stays(self, entity: Entity, record: Values) -> bool:
        """Merged records keep what they refer to, and the files in their fields."""
        merged = entity is self._batch.entity and record["id"] in self._merged
        return merged or (entity.name == FILE and record[FILE_FIELD] is not None)

    def _touch(self, entity: Entity, record: Values) -> _Touched:
        key = (entity.name, record["id"])
        if key not in self._touched:
            self._touched[key] = _Touched(entity, record, dict(record))
        return self._touched[key]

    def _redirect_links(self, entity: Entity, linked: Field, link: Link) -> None:
        connection = self._batch.connection
        ids = sa.bindparam(None, sorted(self._merged), type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
        sources = sa.select(link.source).where(link.target == sa.any_(ids))
        live = entity.table.c.deleted_at.is_(None)
        statement = sa.select(*read_columns(self._batch.model, entity)).where(
            entity.table.c.id.in_(sources), live
        )
        locked = statement.order_by(entity.table.c.id).with_for_update()
        found = [read_row(entity, dict(row)) for row in connection.execute(locked).mappings()]
        pairs = links.pairs_of(connection, link, [record["id"] for record in found]) if found else {}
        for record in found:
            if not self._stays(entity, record):
                self._replace(self._touch(entity, record), linked, pairs.get(record["id"], ()))

    def _replace(self, touched: _Touched, linked: Field, refs: Sequence[Ref]) -> None:
        touched.old = {**touched.old, linked.name: tuple(refs)}
        touched.new[linked.name] = tuple(refs)
        for ref in refs:
            if ref.id in self._merged:
                others = set(touched.new[linked.name]) - {ref}
                wanted = others if touched is self._kept else others | {self._ref}
                touched.set(ref.id, linked, tuple(sorted(wanted, key=lambda one: one.id)))

    @property
    def superseded(self) -> Along:
        """The links of merged records to what the kept one is linked to already; they go with those."""
        return self._pairs.superseded

    @property
    def moves_lines(self) -> bool:
        """Whether records that live inside merged ones come into the kept one."""
        return any(
            one.entity.parent is not None and one.new.get(one.entity.parent.name) == self._ref
            for one in self._touched.values()
        )

    def write(self) -> None:
        """Write everything with one statement, and what follows from it."""
        groups: dict[Entity, list[_Touched]] = defaultdict(list)
        for one in self._touched.values():
            self._stamp(one)
            groups[one.entity].append(one)
        parts = [part for entity, found in groups.items() for part in self._parts(entity, found)]
        entries = [entry for one in self._touched.values() for entry in _entries(one)]
        context, connection = self._batch.context, self._batch.connection
        write(connection, self._batch.model, [*parts, journal(context, entries)])
        written = {
            entity.name: [Changed(one.old["id"], one.old, one.new) for one in found]
            for entity, found in groups.items()
        }
        follow(context, connection, written, computed=False, opened=self._batch.run.open)
        follow_rights(connection, self._batch.model, written)

    def _stamp(self, one: _Touched) -> None:
        one.new["version"] = one.old["version"] + len(one.steps)
        one.new |= {"updated_at": self._batch.context.now, "updated_by": self._batch.actor}

    def _parts(self, entity: Entity, found: Sequence[_Touched]) -> Iterable[Part]:
        names = {name for one in found for changes in one.steps.values() for name in changes}
        changed = [known for name in names if (known := entity.field(name)) is not None]
        columns = {*_STAMPED, *(column.name for one in changed for column in one.columns)}
        rows = [to_columns(entity, one.new) for one in found]
        yield updating(entity, [{name: row[name] for name in row if name in columns} for row in rows])
        yield from links.parts(entity, [Item(0, one.old["id"], old=one.old, new=one.new) for one in found])


def _entries(touched: _Touched) -> Iterable[Entry]:
    """One entry for each merged record, so that each can be restored by itself."""
    for step, (root, changes) in enumerate(touched.steps.items(), 1):
        version = touched.old["version"] + step
        yield Entry(touched.entity.name, touched.old["id"], version, UPDATE, changes, cause=root)
