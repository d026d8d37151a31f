"""Moving records to the recycle bin, and what then becomes of those that refer to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.stored_shares import follow_rights
from fieldstone.context import Context
from fieldstone.errors import Conflict, Forbidden
from fieldstone.model.model import Entity, Field
from fieldstone.records import loading, referrers, rows
from fieldstone.records.approvals.following import close_for_deleted
from fieldstone.records.batch import Batch, Item, Written, find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import evaluator
from fieldstone.records.inside import family
from fieldstone.records.journal import DELETE, UPDATE, Entry, journal, told_changes
from fieldstone.records.kept.follow import follow
from fieldstone.records.kept.walks import Changed
from fieldstone.records.labels import entity_label, field_label, text_of
from fieldstone.records.referrers import CASCADE, CLEAR, Among, Referrer
from fieldstone.records.rows import TITLE, Lock, Values, to_columns
from fieldstone.records.rules import following
from fieldstone.records.writing import Part, updating, write

_NAMED, _LOOKED_AT = 3, 50


def delete(
    context: Context, entity: str, ids: Sequence[UUID], versions: Sequence[int | None] | None = None
) -> list[Written]:
    """Move records to the recycle bin, all or none. versions: those that the caller saw, None for any.

    Raises:
        NotFound: there is no such record, or the caller may not read it.
        Forbidden: the caller may not delete it, or one that would go with it.
        Conflict: others refer to it; the message says how many and names some that the caller may read.
        VersionConflict: somebody else changed it since.
    """

    def work(connection: sa.Connection) -> list[Written]:
        items = [Item(position, id_) for position, id_ in enumerate(ids)]
        batch = Batch(context, connection, find_entity(context, entity), items)
        loading.load(batch, versions or [None] * len(ids), Lock.REMOVED)
        batch.rights.check_delete(batch)
        remove(batch)
        return [Written(item.id, item.old["version"] + 1) for item in items]

    return context.database.run_write(context.model.version, work) if ids else []


Along = Mapping[str, Mapping[UUID, tuple[Values, UUID]]]
"""Entity → id → a record that goes with one that was named, and the id of that."""


def remove(batch: Batch, along: Along = MappingProxyType({})) -> None:
    """Move the loaded records of a batch to the bin, with what goes with them and what rules do then.

    along: what else goes with them. Removing what lives inside other records is a change of those.
    """
    from fieldstone.records import saving  # noqa: PLC0415  saving removes what lives inside records

    if batch.entity.parent is not None:
        around = family.around_removed(batch)
        saving.judge(around)
        saving.change(around)
        return
    following.before_delete(batch)
    removal = Removal(batch, along=along)
    removal.prepare()
    removal.write()
    following.after_delete(batch)


@dataclass
class _Removed:
    """A record that goes; `root` is the one that the caller named."""

    record: Values
    root: UUID


@dataclass
class _Cleared:
    """A record that loses references; field name → the record whose removal clears it."""

    entity: Entity
    record: Values
    fields: dict[str, UUID] = field(default_factory=dict)


class Removal:
    """Everything that one delete touches. locked: it is to be done; otherwise it is only looked at."""

    def __init__(self, batch: Batch, *, locked: bool = True, along: Along = MappingProxyType({})) -> None:
        self._batch = batch
        self._locked = locked
        self._forbidden: dict[Entity, int] = {}
        named = {item.id: _Removed(item.old, item.id) for item in batch.items}
        self._removed: dict[str, dict[UUID, _Removed]] = {batch.entity.name: named}
        for name, records in along.items():
            going = {id_: _Removed(record, root) for id_, (record, root) in records.items()}
            self._removed.setdefault(name, {}).update(going)
        self._cleared: dict[UUID, _Cleared] = {}

    def prepare(self) -> None:
        """Find everything that the removal touches; refuse it where something is in its way."""
        self.follow_cascades()
        self._check_rights()
        self._check_restricted()
        self.collect_cleared()

    # --- what it would do, to tell it before
    def removed(self) -> list[tuple[Entity, list[Values]]]:
        """The records that go with those that were named."""
        return [
            (self._batch.model.entities[name], [one.record for id_, one in found.items() if one.root != id_])
            for name, found in self._removed.items()
        ]

    def cleared(self) -> list[tuple[Entity, Field, list[Values]]]:
        """The records that lose a reference, by the field that loses it."""
        groups: dict[tuple[Entity, str], list[Values]] = defaultdict(list)
        for one in self._cleared.values():
            for name in one.fields:
                groups[one.entity, name].append(one.record)
        found = ((entity, entity.field(name), records) for (entity, name), records in groups.items())
        return [(entity, field, records) for entity, field, records in found if field is not None]

    @property
    def forbidden(self) -> Mapping[Entity, int]:
        """How many of the records that would go the caller may not delete, by their entity."""
        return self._forbidden

    def follow_cascades(self) -> None:
        """Find all that goes too, level by level, and who may not delete what of it."""
        frontier = {name: dict(removed) for name, removed in self._removed.items()}
        while frontier:
            following: dict[str, dict[UUID, _Removed]] = defaultdict(dict)
            for target, removed in frontier.items():
                for referrer in referrers.referrers(self._batch.model, target, CASCADE):
                    self._follow(referrer, removed, following)
            frontier = following

    def _follow(
        self, referrer: Referrer, removed: dict[UUID, _Removed], following: dict[str, dict[UUID, _Removed]]
    ) -> None:
        known = self._removed.setdefault(referrer.entity.name, {})
        found = self._referring(referrer, removed)
        fresh = [record for record in found if record["id"] not in known]
        if referrer.field is not referrer.entity.parent:
            self._note_forbidden(referrer.entity, fresh)
        for record in fresh:
            root = removed[record[referrer.field.name].id].root
            known[record["id"]] = following[referrer.entity.name][record["id"]] = _Removed(record, root)

    def _referring(self, referrer: Referrer, targets: Iterable[UUID]) -> list[Values]:
        return referrers.locked_rows(
            self._batch.connection, self._batch.model, referrer, sorted(targets), locked=self._locked
        )

    def _note_forbidden(self, entity: Entity, records: list[Values]) -> None:
        rights = CallerRights(self._batch.context, entity)
        judge = evaluator(self._batch.context, self._batch.connection, records)
        refused = sum(not rights.may("delete", judge, record) for record in records)
        if refused:
            self._forbidden[entity] = self._forbidden.get(entity, 0) + refused

    def _check_rights(self) -> None:
        """Refuse if something would go that the caller may not delete."""
        for entity, count in self._forbidden.items():
            plural = text_of(entity.plural, self._batch.context.principal.locale)
            reason = f"{count} {plural} would be deleted with it, which you may not delete."
            raise Forbidden(reason, details={"reason": reason})

    def restricting(self) -> list[tuple[Referrer, int, list[UUID]]]:
        """Records that stay and refer to one that goes, so that it cannot: how many, and the ids of some."""
        found = []
        for name, removed in self._removed.items():
            gone = [id_ for group in self._removed.values() for id_ in group]
            among = Among(sorted(removed), gone, _LOOKED_AT)
            found += referrers.some_rows(self._batch.connection, self._batch.model, name, among)
        return found

    def _check_restricted(self) -> None:
        found = [self._told(referrer, count, ids) for referrer, count, ids in self.restricting()]
        if found:
            message = f"It is still referred to by {', '.join(found)}. Change those first."
            raise Conflict(message, code="still_referenced")

    def _told(self, referrer: Referrer, count: int, ids: list[UUID]) -> str:
        """`5 Opportunities (Account: “Big deal”, “Small deal”…)`, naming only what the caller may read."""
        batch, entity = self._batch, referrer.entity
        found = rows.load(batch.connection, batch.model, entity, ids)
        rights = CallerRights(batch.context, entity)
        judge = evaluator(batch.context, batch.connection, found.values())
        titles = [record[TITLE] for record in found.values() if rights.may("read", judge, record)][:_NAMED]
        names = ", ".join(f"“{title}”" for title in titles)
        locale = batch.context.principal.locale
        kind = entity_label(entity, locale) if count == 1 else text_of(entity.plural, locale)
        more = "…" if titles and count > len(titles) else ""
        where = field_label(referrer.field, locale)
        return f"{count} {kind} ({where}{': ' if names else ''}{names}{more})"

    def collect_cleared(self) -> None:
        """Find all that lose a reference."""
        for target, removed in self._removed.items():
            for referrer in referrers.referrers(self._batch.model, target, CLEAR):
                for record in self._referring(referrer, removed):
                    self._clear(referrer, record, removed)

    def _clear(self, referrer: Referrer, record: Values, removed: dict[UUID, _Removed]) -> None:
        if record["id"] in self._removed.get(referrer.entity.name, {}):
            return
        cleared = self._cleared.setdefault(record["id"], _Cleared(referrer.entity, record))
        cleared.fields[referrer.field.name] = removed[record[referrer.field.name].id].root

    def write(self) -> None:
        """Write everything with one statement."""
        model, context = self._batch.model, self._batch.context
        parts = [self._part(model.entities[name]) for name in self._touched()]
        entries = [*self._removal_entries(), *self._clearing_entries()]
        write(self._batch.connection, model, [*parts, journal(context, entries)])
        opened = self._batch.run.open
        written = self._written()
        follow(context, self._batch.connection, written, computed=False, opened=opened)
        follow_rights(self._batch.connection, model, written)
        for name, removed in self._removed.items():
            records = {id_: entry.record for id_, entry in removed.items()}
            close_for_deleted(context, self._batch.connection, model.entities[name], records)

    def _written(self) -> dict[str, list[Changed]]:
        """The records before and after."""
        written: dict[str, list[Changed]] = defaultdict(list)
        for name, removed in self._removed.items():
            for id_, entry in removed.items():
                gone = self._stamp(entry.record, 1) | {"deleted_at": self._batch.context.now}
                written[name].append(Changed(id_, entry.record, entry.record | gone))
        for cleared in self._cleared.values():
            record, steps = cleared.record, len(set(cleared.fields.values()))
            new = record | dict.fromkeys(cleared.fields) | self._stamp(record, steps)
            written[cleared.entity.name].append(Changed(record["id"], record, new))
        return written

    def _touched(self) -> list[str]:
        names = {name for name, removed in self._removed.items() if removed}
        return sorted(names | {cleared.entity.name for cleared in self._cleared.values()})

    def _part(self, entity: Entity) -> Part:
        """The update of one entity's table: those that go, and those that lose references."""
        removed = [
            self._stamped(entity, entry.record, 1) | {"deleted_at": self._batch.context.now}
            for entry in self._removed.get(entity.name, {}).values()
        ]
        cleared = [
            self._stamped(entity, entry.record | dict.fromkeys(entry.fields), len(set(entry.fields.values())))
            for entry in self._cleared.values()
            if entry.entity is entity
        ]
        names = {name for entry in self._cleared.values() if entry.entity is entity for name in entry.fields}
        kept = {"id", "version", "updated_at", "updated_by", "deleted_at"}
        for name in names:
            referring = entity.field(name)
            kept |= {column.name for column in referring.columns} if referring else set()
        return updating(entity, [{n: row[n] for n in row if n in kept} for row in [*removed, *cleared]])

    def _stamped(self, entity: Entity, record: Values, steps: int) -> Values:
        return to_columns(entity, record | self._stamp(record, steps))

    def _stamp(self, record: Values, steps: int) -> Values:
        return {
            "version": record["version"] + steps,
            "updated_at": self._batch.context.now,
            "updated_by": self._batch.actor,
        }

    def _removal_entries(self) -> list[Entry]:
        return [
            Entry(
                name,
                id_,
                entry.record["version"] + 1,
                DELETE,
                {},
                cause=None if entry.root == id_ else entry.root,
            )
            for name, removed in self._removed.items()
            for id_, entry in removed.items()
        ]

    def _clearing_entries(self) -> list[Entry]:
        return [entry for cleared in self._cleared.values() for entry in _cleared_entries(cleared)]


def _cleared_entries(cleared: _Cleared) -> list[Entry]:
    """One entry for each root, so that each can be restored by itself."""
    entries = []
    for step, root in enumerate(dict.fromkeys(cleared.fields.values()), 1):
        names = [name for name, cause in cleared.fields.items() if cause == root]
        fields = [found for name in names if (found := cleared.entity.field(name)) is not None]
        changes = told_changes(fields, cleared.record, {})
        version = cleared.record["version"] + step
        entries.append(Entry(cleared.entity.name, cleared.record["id"], version, UPDATE, changes, cause=root))
    return entries
