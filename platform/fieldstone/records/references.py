"""Whether what a record refers to may be referred to: it is there, live, readable by the caller, and fits
`where`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from fieldstone.model.compile import compile_rule
from fieldstone.model.model import Entity, Field, Model, Rule
from fieldstone.records import rows
from fieldstone.records.batch import Batch, Item, refs_in
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.journal import differs
from fieldstone.records.kept.plan import lock_for
from fieldstone.records.labels import entity_label, field_label
from fieldstone.records.links import pairs_of
from fieldstone.records.rows import Lock, Values
from fieldstone.records.shape import shape_of
from fieldstone_rules.picking import own_fields, reads_picker
from fieldstone_rules.types import Ref

NOT_ALLOWED = "not_allowed_record"
"""The code of a record that the `where` of a reference does not allow to be picked."""


def check(batch: Batch) -> None:
    """Refuse every reference that a save sets anew and that does not hold; one query for each entity referred
    to.

    The targets stay locked against removal until the transaction ends, and against changes where something
    kept is read from them. What the caller may not read is answered like what is not there. About files,
    see `attaching`.
    """
    others = (entry for entry in batch.changed_references() if entry[1] not in batch.entity.holding_files)
    found = [entry for entry in others if _leads_to_records(batch, *entry)]
    changed = [entry for entry in found if not _is_known(batch, *entry)]
    staying = list(_staying(batch))
    wanted: dict[str, set[UUID]] = defaultdict(set)
    locks: dict[str, Lock] = {}
    ways: set[tuple[str, str]] = set()
    for _, field, ref in (*changed, *staying):
        wanted[ref.entity].add(ref.id)
        ways.add((field.name, ref.entity))
    for name, entity in ways:
        lock = lock_for(batch.model, batch.entity.name, name, entity)
        locks[entity] = lock.stronger(locks.get(entity, lock))
    targets = {name: _targets(batch, name, wanted[name], locks[name]) for name in sorted(wanted)}
    for item, field, ref in changed:
        _check_one(batch, item, field, ref, targets[ref.entity])
    for item, field, ref in found:
        if _links_new(batch, item, ref) and item.outside is not None and batch.outside is not None:
            _check_limit(batch, item, field, item.outside.new, batch.outside.entity)
    for item, field, ref in staying:
        record = targets[ref.entity].live(ref.id)
        if record is not None:
            _check_limit(batch, item, field, record, targets[ref.entity].entity)


def _staying(batch: Batch) -> Iterator[tuple[Item, Field, Ref]]:
    """The references that stay while what their `where` reads of the record itself changes: they are judged
    again, as else a record could pick first and change then.
    """
    for field in shape_of(batch.entity).referring:
        read = _read_of_picker(field)
        items = [item for item in batch.items if item.old and _changes(item, chain(*read.values()))]
        held = _held(batch, field, items) if items else {}
        for item in items:
            now = item.new.get(field.name, held.get(item.id, ()))
            for ref in refs_in(now):
                if ref in refs_in(held.get(item.id)) and _changes(item, read.get(ref.entity, ())):
                    yield item, field, ref


def _read_of_picker(field: Field) -> Mapping[str, frozenset[str]]:
    """Target → what its limit reads of the record itself."""
    target = field.declaration.target
    limits = target.limits if target is not None else {}
    return {entity: own_fields(limit) for entity, limit in limits.items()}


def _changes(item: Item, names: Iterable[str]) -> bool:
    return any(name in item.old and differs(item.old[name], item.new.get(name)) for name in names)


def _held(batch: Batch, field: Field, items: Sequence[Item]) -> dict[UUID, Any]:
    """What a field of stored records refers to."""
    if field.link is not None:
        return dict(pairs_of(batch.connection, field.link, [item.id for item in items]))
    return {item.id: item.old.get(field.name) for item in items}


def _targets(batch: Batch, entity: str, ids: Iterable[UUID], lock: Lock) -> _Targets:
    if lock is not Lock.REFERRED:
        batch.related.forget()  # what was read before the lock may have changed
    return _Targets(batch, batch.model.entities[entity], ids, lock)


def _leads_to_records(batch: Batch, item: Item, field: Field, ref: Ref) -> bool:
    """Whether a reference names an entity that it may lead to; refuses one to any entity that does not."""
    if not field.leads_anywhere:
        return True
    entity = batch.model.entities.get(ref.entity)
    if entity is not None and entity.declaration.activities:
        return True
    label = field_label(field, batch.context.principal.locale)
    message = f"{label}: records of “{ref.entity[:80]}” have no comments, files and the like."
    batch.refuse(item, field.name, "unknown_record", message)
    return False


class _Targets:
    """The records of one entity that a batch begins to refer to."""

    def __init__(self, batch: Batch, entity: Entity, ids: Iterable[UUID], lock: Lock) -> None:
        self.entity = entity
        self.found = rows.load(batch.connection, batch.model, entity, ids, lock)
        self.rights = CallerRights(batch.context, entity)
        batch.related.learn(entity.name, self.found.values())
        self.evaluator = batch.stored
        self._readable: dict[UUID, bool] = {}

    def may_read(self, record: Values) -> bool:
        """Whether the caller may read one of them."""
        id_ = record["id"]
        if id_ not in self._readable:
            self._readable[id_] = self.rights.may("read", self.evaluator, record)
        return self._readable[id_]

    def live(self, id_: UUID) -> Values | None:
        """The record, unless it is in the recycle bin."""
        record = self.found.get(id_)
        return None if record is None or record["deleted_at"] is not None else record


def _check_one(batch: Batch, item: Item, field: Field, ref: Ref, targets: _Targets) -> None:
    record = targets.live(ref.id)
    linked = field.link is not None and field.link.through is not None
    if linked and batch.refusals.concern(item.position, field.name):
        return  # told of the link
    if record is None or (field.name in item.sent and not targets.may_read(record)):
        locale = batch.context.principal.locale
        label, kind = field_label(field, locale), entity_label(targets.entity, locale)
        batch.refuse(item, field.name, "unknown_record", f"{label}: there is no such {kind}.")
        return
    _check_limit(batch, item, field, record, targets.entity)


def _check_limit(batch: Batch, item: Item, field: Field, record: Values, entity: Entity) -> None:
    """Refuse a record that the `where` of a reference does not allow to be picked."""
    limit = limit_of(batch.model, batch.entity, field, entity.name)
    if limit is not None and not _may_pick(batch, item, limit, record):
        batch.refuse(item, field.name, NOT_ALLOWED, only_with(batch, field, entity, limit))


def only_with(batch: Batch, field: Field, entity: Entity, limit: Rule) -> str:
    """What may be chosen in a reference, as a sentence."""
    locale = batch.context.principal.locale
    label, kind = field_label(field, locale), entity_label(entity, locale)
    return f"{label}: only a {kind} with {limit.expression.source} may be chosen."


def _may_pick(batch: Batch, item: Item, limit: Rule, record: Values) -> bool:
    """Candidates are judged as they are stored; where the record that picks counts, it is as it will be."""
    if not reads_picker(limit.expression):
        return batch.stored.holds(limit, record)
    return batch.wanted.picking(item.new).holds(limit, record)


def _links_new(batch: Batch, item: Item, ref: Ref) -> bool:
    """Whether a link leads to a new record with which it is saved, and which so is not there to be found."""
    if batch.outside is None or batch.entity.parent is not None or item.outside is None:
        return False
    return item.outside.is_new and ref == Ref(batch.outside.entity.name, item.outside.id)


def _is_known(batch: Batch, item: Item, field: Field, ref: Ref) -> bool:
    """The record around this one is saved with it; the acting user and the user's teams need no look, unless
    something kept is read from them.
    """
    if field is batch.entity.parent and item.outside is not None:
        return True
    if _links_new(batch, item, ref):
        return True
    principal = batch.context.principal
    mine = {"user": (principal.user,), "team": principal.teams}.get(ref.entity, ())
    return ref.id in mine and (
        lock_for(batch.model, batch.entity.name, field.name, ref.entity) is Lock.REFERRED
    )


def limit_of(model: Model, owner: Entity, field: Field, entity: str) -> Rule | None:
    """The compiled `where` of a reference of `owner` for what it may lead to of an entity."""
    target = field.declaration.target
    limit = None if target is None else target.limits.get(entity)
    if limit is None:
        return None
    key = (__name__, owner.name, field.name, entity)
    if key not in model.cache:
        model.cache[key] = compile_rule(limit)
    rule: Rule = model.cache[key]
    return rule
