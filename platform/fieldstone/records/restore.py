"""Bringing records back from the recycle bin, with what went with them and what was cleared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.stored_shares import follow_rights
from fieldstone.context import Context
from fieldstone.errors import Conflict
from fieldstone.fields.reference import ReferenceType
from fieldstone.model.model import Entity, Field
from fieldstone.records import links, loading, merged_shares, rows
from fieldstone.records.batch import Batch, Item, Written, find_entity
from fieldstone.records.branches import tree_fields
from fieldstone.records.inside import family
from fieldstone.records.journal import DELETE, RESTORE, UPDATE, Entry, changed_fields, journal, told_changes
from fieldstone.records.kept.follow import follow
from fieldstone.records.kept.plan import lock_for
from fieldstone.records.kept.walks import Changed
from fieldstone.records.labels import entity_label, field_label
from fieldstone.records.referrers import CLEAR
from fieldstone.records.rows import Lock, Values, to_columns
from fieldstone.records.shape import shape_of
from fieldstone.records.trees import in_circles
from fieldstone.records.writing import Part, updating, write
from fieldstone_rules.types import Ref


def restore(
    context: Context, entity: str, ids: Sequence[UUID], versions: Sequence[int | None] | None = None
) -> list[Written]:
    """Bring records back, all or none, as whoever may delete them may. versions: those the caller saw, or
    None.

    Raises:
        NotFound: there is no such record in the bin, or the caller may not read it.
        Forbidden: the caller may not delete, and so not restore, it.
        Conflict: a unique value is taken meanwhile, or the record refers to one that is in the bin itself.
        VersionConflict: it is not in the version given.
    """

    def work(connection: sa.Connection) -> list[Written]:
        items = [Item(position, id_) for position, id_ in enumerate(ids)]
        batch = Batch(context, connection, find_entity(context, entity), items)
        loading.load(batch, versions or [None] * len(ids), Lock.REMOVED, deleted=True)
        batch.rights.check_delete(batch)
        _bring_back(batch)
        return [Written(item.id, item.old["version"] + 1) for item in items]

    return context.database.run_write(context.model.version, work) if ids else []


def _bring_back(batch: Batch) -> None:
    """Restoring what lives inside other records is a change of those."""
    from fieldstone.records import saving  # noqa: PLC0415  saving restores what lives inside records

    if batch.entity.parent is not None and not _lies_outside_in_bin(batch):
        around = family.around_restored(batch)
        saving.judge(around)
        saving.change(around)
        return
    revival = Revival(batch)
    revival.prepare()
    revival.write()


def _lies_outside_in_bin(batch: Batch) -> bool:
    """Whether a record around one of these is in the recycle bin, which a revival then refuses."""
    field = batch.entity.parent
    assert field is not None
    found = (batch.stored.related(item.old[field.name]) for item in batch.items)
    return any(outside is None or outside["deleted_at"] is not None for outside in found)


class Revival:
    """Everything that one restore touches: entity → id → the record as it was and as it will be."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._old: dict[str, dict[UUID, Values]] = defaultdict(dict)
        self._new: dict[str, dict[UUID, Values]] = defaultdict(dict)
        self._causes: dict[UUID, UUID] = {}
        self._beside: dict[UUID, Values] = {}
        for item in batch.items:
            self._revive(batch.entity.name, item.old)

    def prepare(self) -> None:
        """Find everything that the restore touches; refuse it where something is in its way."""
        self.collect()
        self._break_circles()
        self.check_references()

    def _break_circles(self) -> None:
        """Leave a reference empty that would close a circle in a tree: others were moved meanwhile."""
        for name, records in self._new.items():
            entity = self._batch.model.entities[name]
            for field in tree_fields(entity):
                refilled = {
                    id_
                    for id_, record in records.items()
                    if record[field.name] is not None
                    and self._old[name][id_][field.name] != record[field.name]
                }
                if refilled:
                    self._empty_again(entity, field, refilled)

    def _empty_again(self, entity: Entity, field: Field, refilled: set[UUID]) -> None:
        records, stored = self._new[entity.name], self._old[entity.name]
        refs = {id_: record[field.name] for id_, record in records.items()}
        wanted = {id_: None if ref is None else ref.id for id_, ref in refs.items()}
        for id_ in refilled & in_circles(self._batch, entity, field, wanted):
            records[id_][field.name] = None
            same_place = records[id_]["deleted_at"] == stored[id_]["deleted_at"]
            if same_place and not changed_fields(entity, stored[id_], records[id_]):
                del records[id_], stored[id_]

    def collect(self) -> None:
        """Find what the removal took along and what it cleared, and reverse both."""
        entries = self._entries()
        touched: dict[str, set[UUID]] = defaultdict(set)
        for entry in entries:
            touched[entry.entity].add(entry.record)
        model, connection = self._batch.model, self._batch.connection
        for name in sorted(touched.keys() & model.entities.keys()):
            found = rows.load(connection, model, model.entities[name], touched[name], Lock.REMOVED)
            concerned = [entry for entry in entries if entry.entity == name and entry.record in found]
            self._load_links(model.entities[name], concerned, found)
            if name == self._batch.entity.name:
                self._beside = dict(found)
            for entry in concerned:
                self._reverse(entry, found[entry.record])

    def _load_links(self, entity: Entity, entries: Sequence[Any], found: Mapping[UUID, Values]) -> None:
        """Add the values of the many-to-many fields that a merge changed."""
        for field in shape_of(entity).pairs:
            ids = sorted({entry.record for entry in entries if field.name in entry.changes})
            if ids and field.link is not None:
                pairs = links.pairs_of(self._batch.connection, field.link, ids)
                for id_ in ids:
                    found[id_][field.name] = pairs.get(id_, ())

    def _entries(self) -> Sequence[Any]:
        """The history of what the removal of these records did to others."""
        table = self._batch.context.database.system.history
        causes = [(item.id, item.old["deleted_at"]) for item in self._batch.items]
        statement = (
            sa.select(
                table.c.entity, table.c.record, table.c.action, table.c.changes, table.c.cause, table.c.at
            )
            .where(sa.tuple_(table.c.cause, table.c.at).in_(causes))
            .order_by(table.c.id)
        )
        return self._batch.connection.execute(statement).all()

    def _reverse(self, entry: Any, record: Values) -> None:
        if entry.action == DELETE and record["deleted_at"] == entry.at:
            self._revive(entry.entity, record)
            self._causes.setdefault(entry.record, entry.cause)
        elif entry.action == UPDATE:
            self._refill(entry, record)

    def _revive(self, name: str, record: Values) -> None:
        self._old[name][record["id"]] = record
        self._new[name][record["id"]] = self._stamped(record) | {"deleted_at": None}

    def _refill(self, entry: Any, record: Values) -> None:
        """Set cleared and redirected references back, unless somebody has changed them since."""
        entity = self._batch.model.entities[entry.entity]
        for name, (before, after) in entry.changes.items():
            field = entity.field(name)
            current = self._new[entry.entity].get(record["id"], record)
            if field is None or before is None:
                continue
            value = _set_back(field, current[name], before, after)
            if value != current[name]:
                self._old[entry.entity][record["id"]] = record
                self._new[entry.entity][record["id"]] = self._stamped(current) | {name: value}
                self._causes.setdefault(record["id"], entry.cause)

    def _stamped(self, record: Values) -> Values:
        old = self._old_version(record)
        stamp = {"version": old + 1, "updated_at": self._batch.context.now, "updated_by": self._batch.actor}
        return {**record, **stamp}

    def _old_version(self, record: Values) -> int:
        known = next((group[record["id"]] for group in self._old.values() if record["id"] in group), record)
        version: int = known["version"]
        return version

    def check_references(self) -> None:
        """A record that comes back refers to no record in the bin: such a reference is cleared, or in the
        way. What is set back in records that stay in the bin is looked at when those come back.
        """
        wanted: dict[str, set[UUID]] = defaultdict(set)
        locks: dict[str, Lock] = {}
        for entity, _, field, ref in self._references():
            wanted[ref.entity].add(ref.id)
            lock = lock_for(self._batch.model, entity.name, field.name, ref.entity)
            locks[ref.entity] = lock.stronger(locks.get(ref.entity, lock))
        gone: dict[Ref, Values] = {}
        for name in sorted(wanted.keys() & self._batch.model.entities.keys()):
            entity = self._batch.model.entities[name]
            found = rows.load(self._batch.connection, self._batch.model, entity, wanted[name], locks[name])
            gone |= {Ref(name, id_): row for id_, row in found.items() if self._stays_gone(name, row)}
        for entity, record, field, ref in list(self._references()):
            if ref in gone:
                self._without(entity, record, field, gone[ref])

    def _stays_gone(self, name: str, record: Values) -> bool:
        coming = self._new[name].get(record["id"])
        return record["deleted_at"] is not None and (coming is None or coming["deleted_at"] is not None)

    def _references(self) -> Iterable[tuple[Entity, Values, Field, Ref]]:
        for name, records in self._new.items():
            entity = self._batch.model.entities[name]
            declared = [f for f in entity.fields.values() if isinstance(f.type, ReferenceType)]
            fields = declared + [entity.system[s] for s in ("owner", "team") if s in entity.system]
            coming = (record for record in records.values() if record["deleted_at"] is None)
            for record in coming:
                for field in fields:
                    if isinstance(record[field.name], Ref):
                        yield entity, record, field, record[field.name]

    def _without(self, entity: Entity, record: Values, field: Field, target: Values) -> None:
        declared = field.declaration.target
        if declared is not None and declared.on_delete == CLEAR:
            record[field.name] = None
            return
        locale = self._batch.context.principal.locale
        kind, label = entity_label(entity, locale), field_label(field, locale)
        message = f"The {kind} refers to a record in the recycle bin ({label}). Restore that one first."
        raise Conflict(
            message, code="refers_to_deleted", details={"field": field.name, "record": str(target["id"])}
        )

    def write(self) -> None:
        """Write everything with one statement."""
        model = self._batch.model
        parts = [
            updating(
                model.entities[name],
                [to_columns(model.entities[name], record) for record in records.values()],
            )
            for name, records in sorted(self._new.items())
            if records
        ]
        entries = [
            self._entry(model.entities[name], self._old[name][id_], record)
            for name, records in self._new.items()
            for id_, record in records.items()
        ]
        write(self._batch.connection, model, [*parts, *self._links(), journal(self._batch.context, entries)])
        written = {
            name: [Changed(id_, self._old[name][id_], record) for id_, record in records.items()]
            for name, records in self._new.items()
            if records
        }
        follow(self._batch.context, self._batch.connection, written, computed=False)
        follow_rights(self._batch.connection, model, written)
        beside = {**self._beside, **self._new[self._batch.entity.name]}
        versions = {id_: beside[id_]["version"] for id_ in self._beside}
        merged_shares.take_back(self._batch, versions)

    def _links(self) -> Iterable[Part]:
        for name, records in sorted(self._new.items()):
            old = self._old[name]
            items = [Item(0, id_, old=old[id_], new=record) for id_, record in records.items()]
            yield from links.parts(self._batch.model.entities[name], items)

    def _entry(self, entity: Entity, old: Values, new: Values) -> Entry:
        changes = told_changes(changed_fields(entity, old, new), old, new)
        action = RESTORE if old["deleted_at"] != new["deleted_at"] else UPDATE
        return Entry(
            entity.name, new["id"], new["version"], action, changes, cause=self._causes.get(new["id"])
        )


def _set_back(field: Field, current: Any, before: Any, after: Any) -> Any:
    """What a reference becomes: what it was before, if it is still as it was left; links one by one."""
    was, left = field.type.read(before), None if after is None else field.type.read(after)
    if field.link is None:
        return was if current == left else current
    gone, come = set(was) - set(left or ()), set(left or ()) - set(was)
    return tuple(sorted((set(current) - come) | gone, key=lambda ref: ref.id))
