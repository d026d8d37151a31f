"""Records inside others on their way through one save with those: whichever of the two a caller named.

A change of a record inside another one is a change of that one too: it is locked, judged, and gets a new
version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from fieldstone.errors import NotFound
from fieldstone.records import rows
from fieldstone.records.batch import Batch, Item
from fieldstone.records.labels import entity_label, field_label
from fieldstone.records.refusals import Relayed
from fieldstone.records.rows import Lock, Values
from fieldstone_rules.types import Ref

CURRENCY = "currency"


def whole(batch: Batch) -> Batch:
    """The batch that a save of `batch` is about: itself, or the outermost records around its records."""
    found = batch.outermost
    while found.entity.parent is not None:
        _enter_parents(found)
        assert found.outside is not None
        found.outside.lines.append(found)
        found = found.outside
    if found.lines or found.moved:
        found.forget_wanted()
    return found


def around_removed(batch: Batch) -> Batch:
    """The records that those of a batch, which are to be removed, live inside; loaded, locked and judged."""
    for item in batch.items:
        item.new = item.old | {"deleted_at": batch.context.now}
    _enter_parents(batch)
    assert batch.outside is not None
    batch.outside.removed.append(batch)
    return batch.outside


def around_restored(batch: Batch) -> Batch:
    """The same of records that are to come back."""
    for item in batch.items:
        item.new = item.old | {"deleted_at": None}
    _enter_parents(batch)
    assert batch.outside is not None
    batch.outside.restored.append(batch)
    return batch.outside


def _enter_parents(batch: Batch) -> None:
    field, around = batch.entity.parent, batch.entity.outside
    assert field is not None
    assert around is not None
    entity = batch.model.entities[around]
    _refuse_moved(batch, field.name)
    named = {item: item.new[field.name] for item in batch.items}
    ids = sorted({ref.id for ref in named.values() if ref is not None})
    found = rows.load(batch.connection, batch.model, entity, ids, Lock.CHANGED)
    outside: dict[UUID, Item] = {}
    places: list[list[int]] = []
    for item, ref in named.items():
        record = found.get(ref.id) if ref is not None else None
        if record is None or record["deleted_at"] is not None:
            _refuse_parent(batch, item, field.name, ref)
            continue
        if ref.id not in outside:
            outside[ref.id] = Item(len(places), ref.id, old=record, new=dict(record), inside=True)
            places.append([])
        places[outside[ref.id].position].append(item.position)
        item.outside = outside[ref.id]
    batch.outside = _batch_of(batch, entity.name, list(outside.values()), places)
    _check_rights(batch, batch.outside)
    batch.items = [item for item in batch.items if item.outside is not None] if batch.partial else batch.items
    batch.settle()


def _batch_of(batch: Batch, entity: str, items: list[Item], places: Sequence[Sequence[int]]) -> Batch:
    """The batch of the records around others; what is refused about one is told of all that are inside it."""

    def told(position: int, _name: str | None) -> Iterable[tuple[int, str | None]]:
        return ((place, None) for place in places[position])

    found = Batch(
        batch.context,
        batch.connection,
        batch.model.entities[entity],
        items,
        refusals=Relayed(to=batch.refusals, told=told),
        partial=batch.partial,
        run=batch.run,
    )
    found.related.watch(item.old for item in items)
    return found


def _check_rights(batch: Batch, outside: Batch) -> None:
    for item in outside.items:
        if not outside.rights.may("read", outside.stored, item.old):
            kind = entity_label(outside.entity, batch.context.principal.locale)
            message = f"There is no such {kind}, or you may not see it."
            outside.refusals.add(item.position, None, "not_found", message, kind=NotFound)
    outside.rights.check_stored(outside)


def _refuse_moved(batch: Batch, field: str) -> None:
    """What lives inside a record stays there."""
    for item in batch.items:
        told = batch.refusals.concern(item.position, field)
        if not item.is_new and item.new[field] != item.old[field] and not told:
            label = field_label(batch.entity.fields[field], batch.context.principal.locale)
            batch.refuse(item, field, "readonly", f"{label} cannot be changed: it stays where it was made.")


def _refuse_parent(batch: Batch, item: Item, field: str, ref: Ref | None) -> None:
    label = field_label(batch.entity.fields[field], batch.context.principal.locale)
    if ref is None:
        batch.refuse(item, field, "required", f"{label} is required.")
    else:
        batch.refuse(item, field, "unknown_record", f"{label}: there is no such record.")


def share_currency(batch: Batch) -> None:
    """Give what lives inside records, however deep, their currency; where that changes, to all of it."""
    if not batch.entity.lines or CURRENCY not in batch.entity.system:
        return
    changed = [item for item in batch.items if not item.is_new and item.new[CURRENCY] != item.old[CURRENCY]]
    for inverse in batch.entity.lines.values():
        if changed and CURRENCY in batch.model.entities[inverse.entity].system:
            _add_others(batch, inverse.entity, inverse.field, changed)
    for inside in batch.lines:
        if inside.entity.parent is not None and CURRENCY in inside.entity.system:
            for item in inside.items:
                assert item.outside is not None
                item.new[CURRENCY] = item.outside.new[CURRENCY]
        share_currency(inside)


def _add_others(batch: Batch, entity: str, field: str, changed: Sequence[Item]) -> None:
    """Have those inside records whose currency changes saved with them that are not yet."""
    inside = batch.model.entities[entity]
    known = {item.id for one in (*batch.lines, *batch.moved) if one.entity is inside for item in one.items}
    outside: Mapping[UUID, Item] = {item.id: item for item in changed}
    found = rows.load_inside(batch.connection, batch.model, inside, field, sorted(outside))
    fresh: list[Values] = [record for record in found if record["id"] not in known]
    items = [
        Item(place, record["id"], old=record, new=dict(record), outside=outside[record[field].id])
        for place, record in enumerate(fresh)
    ]
    if items:
        for item in changed:
            item.inside = True
        places = [(outside[record[field].id].position, CURRENCY) for record in fresh]
        batch.lines.append(batch.holding(inside, items, places))
        batch.forget_wanted()
