"""What callers send with a record for those inside it: `{"lines": [{"product": …}, {"id": …, "price": …}]}`.

An entry without `id` is new; one with `id` changes that record; `"_delete": true` beside the `id` removes it.
Records that are not named stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fieldstone.model.model import Inverse
from fieldstone.records import beginning, links, rows, state_changes, validation
from fieldstone.records.batch import Batch, Item
from fieldstone.records.ids import new_ids
from fieldstone.records.labels import entity_label, field_label
from fieldstone.records.rows import Lock
from fieldstone_rules.types import Ref

MOST = 1000
"""So many entries one record takes in one call."""

DELETE = "_delete"


@dataclass(frozen=True, eq=False)
class _Entry:
    """One entry. outside: the record that it was sent with; path: its place there."""

    outside: Item
    path: str
    values: dict[str, Any]
    id: UUID | None = None
    delete: bool = False


def read(batch: Batch, *, locked: bool = True) -> None:
    """Read what was sent for records inside those of a batch, however deep.

    It takes two statements for each collection and level.
    """
    for name, inverse in batch.entity.lines.items():
        entries = [entry for item in batch.items for entry in _entries(batch, item, name)]
        if entries:
            stored = [entry for entry in entries if entry.id is not None]
            _add_stored(batch, inverse, stored, locked=locked)
            _add_new(batch, inverse, [entry for entry in entries if entry.id is None])
    for inside in batch.lines:
        read(inside, locked=locked)


def complete(batch: Batch) -> None:
    """Complete the new records inside those of a batch, which are as the caller wants them by now."""
    for inside in batch.lines:
        if inside.items and inside.items[0].is_new:
            beginning.complete(inside)
        complete(inside)


def _entries(batch: Batch, item: Item, name: str) -> Iterator[_Entry]:
    """The entries that were sent with a record; what is none is refused."""
    if name not in item.nested:
        return
    sent = item.nested[name]
    if not isinstance(sent, list) or not all(isinstance(values, dict) for values in sent):
        batch.refuse(item, name, "invalid", f"`{name}` is a list of objects.")
        return
    if len(sent) > MOST:
        batch.refuse(item, name, "too_many", f"`{name}` takes at most {MOST:,} entries in one call.")
        return
    named: set[UUID] = set()
    for place, values in enumerate(sent):
        entry = _read_entry(batch, item, f"{name}[{place}]", values)
        if entry is not None and entry.id in named:
            batch.refuse(item, f"{entry.path}.id", "twice", "The same record is named twice in one call.")
        elif entry is not None:
            named |= set() if entry.id is None else {entry.id}
            yield entry


def _read_entry(batch: Batch, item: Item, path: str, sent: dict[str, Any]) -> _Entry | None:
    values = {key: value for key, value in sent.items() if key not in ("id", DELETE)}
    delete, id_ = sent.get(DELETE, False), sent.get("id")
    if not isinstance(delete, bool):
        batch.refuse(item, f"{path}.{DELETE}", "invalid", f"`{DELETE}` is true or false.")
    elif id_ is not None and (not isinstance(id_, str) or _as_id(id_) is None):
        batch.refuse(item, f"{path}.id", "bad_id", "The id of a record is a UUID.")
    elif id_ is not None and item.is_new:
        message = "A new record has nothing inside it yet; leave the `id` out."
        batch.refuse(item, f"{path}.id", "unknown_record", message)
    elif delete and id_ is None:
        batch.refuse(item, f"{path}.id", "required", f"`{DELETE}` needs the `id` of the record to remove.")
    elif delete and values:
        message = f"What is removed takes no values; leave out {', '.join(f'`{name}`' for name in values)}."
        batch.refuse(item, f"{path}.{DELETE}", "contradiction", message)
    else:
        return _Entry(item, path, values, None if id_ is None else _as_id(id_), delete)
    return None


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _add_new(batch: Batch, inverse: Inverse, entries: Sequence[_Entry]) -> None:
    if not entries:
        return
    ids = new_ids(len(entries))
    items = [
        Item(place, id_, outside=entry.outside)
        for place, (id_, entry) in enumerate(zip(ids, entries, strict=True))
    ]
    inside = _inside(batch, inverse, items, entries)
    _read_values(inside, inverse, entries)
    batch.lines.append(inside)


def _add_stored(batch: Batch, inverse: Inverse, entries: Sequence[_Entry], *, locked: bool) -> None:
    """Load the records that entries name, and read what becomes of them."""
    if not entries:
        return
    entity = batch.model.entities[inverse.entity]
    lock = Lock.REMOVED if any(entry.delete for entry in entries) else Lock.CHANGED
    lock = lock if locked else Lock.NONE
    found = rows.load(
        batch.connection, batch.model, entity, (entry.id for entry in entries if entry.id is not None), lock
    )
    known = [entry for entry in entries if _is_there(batch, inverse, entry, found)]
    for delete in (False, True):
        chosen = [entry for entry in known if entry.delete is delete]
        items = [
            Item(place, entry.id, old=found[entry.id], outside=entry.outside)
            for place, entry in enumerate(chosen)
            if entry.id is not None
        ]
        if items:
            inside = _inside(batch, inverse, items, chosen)
            _remove(batch, inside) if delete else _change(batch, inside, inverse, chosen)


def _is_there(batch: Batch, inverse: Inverse, entry: _Entry, found: dict[UUID, dict[str, Any]]) -> bool:
    record = found.get(entry.id) if entry.id is not None else None
    own = Ref(batch.entity.name, entry.outside.id)
    if record is not None and record["deleted_at"] is None and record[inverse.field] == own:
        return True
    kind = entity_label(batch.model.entities[inverse.entity], batch.context.principal.locale)
    message = f"There is no {kind} with this id here; somebody may have removed it."
    batch.refuse(entry.outside, f"{entry.path}.id", "unknown_record", message)
    return False


def _remove(batch: Batch, inside: Batch) -> None:
    for item in inside.items:
        item.new = item.old | {"deleted_at": batch.context.now}
    batch.removed.append(inside)


def _change(batch: Batch, inside: Batch, inverse: Inverse, entries: Sequence[_Entry]) -> None:
    _read_values(inside, inverse, entries)
    links.load(inside)
    links.keep_unseen(inside)
    validation.drop_unchanged(inside)
    state_changes.choose(inside)
    batch.lines.append(inside)


def _read_values(inside: Batch, inverse: Inverse, entries: Sequence[_Entry]) -> None:
    for item, entry in zip(inside.items, entries, strict=True):
        _refuse_way_out(inside, item, inverse, entry)
        item.sent = validation.read_values(inside, item, entry.values)
        links.sort(item.sent)
        if item.is_new and item.outside is not None and inside.outside is not None:
            item.sent[inverse.field] = Ref(inside.outside.entity.name, item.outside.id)


def _refuse_way_out(inside: Batch, item: Item, inverse: Inverse, entry: _Entry) -> None:
    """The record that an entry belongs to is the one it was sent with."""
    if entry.values.pop(inverse.field, None) is not None:
        field = inside.entity.fields[inverse.field]
        label = field_label(field, inside.context.principal.locale)
        inside.refuse(item, inverse.field, "readonly", f"{label} is the record around it; leave it out.")


def _inside(batch: Batch, inverse: Inverse, items: list[Item], entries: Sequence[_Entry]) -> Batch:
    """A batch of records inside those of `batch`, whose refusals name the places in what was sent."""
    places = [(entry.outside.position, entry.path) for entry in entries]
    for item, entry in zip(items, entries, strict=True):
        entry.outside.hold()
        item.path = f"{entry.outside.path}.{entry.path}" if entry.outside.path else entry.path
    return batch.holding(batch.model.entities[inverse.entity], items, places)
