"""What lives inside a record and has picked by what it reads of that record: it is judged again when the
record changes, as else an order could change its account and keep lines with contacts of the other one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from fieldstone.model.model import Entity, Field, Inverse
from fieldstone.records import rows
from fieldstone.records.batch import Batch, Item
from fieldstone.records.journal import differs
from fieldstone.records.references import NOT_ALLOWED, limit_of, only_with
from fieldstone.records.rows import TITLE, Values
from fieldstone.records.shape import shape_of
from fieldstone_rules.picking import reads_picker
from fieldstone_rules.types import Ref


def check(batch: Batch) -> None:
    """Refuse changes of records by which a reference of what lives inside them does not fit its `where` any
    more. One that is sent in the same save is judged with its own record.
    """
    stored = [item for item in batch.items if item.old]
    for inverse in batch.entity.lines.values() if stored else ():
        inside = batch.model.entities[inverse.entity]
        for field, target, read in _limited(batch.entity, inside):
            changed = [item for item in stored if _changes(item, read)]
            if changed:
                _judge(batch, inverse, field, target, changed)


def _limited(around: Entity, inside: Entity) -> Iterator[tuple[Field, str, frozenset[str]]]:
    """References with a `where` that reads the record around: the field, a target, and what is read there."""
    for field in shape_of(inside).referring:
        target = field.declaration.target
        for entity, limit in target.limits.items() if target is not None and field.link is None else ():
            read = frozenset(name for owner, name in limit.reads if owner == around.name)
            if read and reads_picker(limit):
                yield field, entity, read


def _changes(item: Item, names: frozenset[str]) -> bool:
    return any(name in item.old and differs(item.old[name], item.new.get(name)) for name in names)


def _judge(batch: Batch, inverse: Inverse, field: Field, target: str, changed: Sequence[Item]) -> None:
    around = {item.id: item for item in changed}
    inside = batch.model.entities[inverse.entity]
    picked = [
        (around[line[inverse.field].id], line, line[field.name].id)
        for line in _staying(batch, inverse, field, sorted(around))
        if isinstance(line.get(field.name), Ref) and line[field.name].entity == target
    ]
    entity = batch.model.entities[target]
    found = rows.load(batch.connection, batch.model, entity, [id_ for _, _, id_ in picked])
    batch.related.learn(target, found.values())
    limit = limit_of(batch.model, inside, field, target)
    for item, line, id_ in picked:
        record = found.get(id_)
        if limit is not None and record is not None and not batch.wanted.picking(line).holds(limit, record):
            message = f"“{line[TITLE] or line['id']}”, {only_with(batch, field, entity, limit)}"
            batch.refuse(item, inverse.name, NOT_ALLOWED, message)


def _staying(batch: Batch, inverse: Inverse, field: Field, outside: Sequence[UUID]) -> Iterator[Values]:
    """What stays inside the records with the reference that it has, as it will be."""
    inside = batch.model.entities[inverse.entity]
    saved = {item.id: item for one in batch.lines if one.entity is inside for item in one.items}
    moved = {item.id for one in batch.moved if one.entity is inside for item in one.items}
    for record in rows.load_inside(batch.connection, batch.model, inside, inverse.field, outside):
        line = saved[record["id"]].new if record["id"] in saved else record
        if record["id"] not in moved and not differs(record.get(field.name), line.get(field.name)):
            yield {**record, **line}
