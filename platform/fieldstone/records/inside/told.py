"""What the history of a record tells of changes inside it.

Under the name of the collection stand two lists: those inside that were changed or removed as they were, and
those that were changed or added as they are now, each with its `id` and the fields that differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldstone.access.grants import access
from fieldstone.context import Context
from fieldstone.model.model import Entity, Field
from fieldstone.records.batch import Batch, Item
from fieldstone.records.journal import NOTHING, changed_fields, told_value
from fieldstone.records.rows import Row

_SHARED = "currency"
Told = dict[str, Any]


def changes_inside(batch: Batch, item: Item) -> Mapping[str, list[Any]]:
    """Collection → [before, after] of what is saved inside a record; nothing where it is not tracked."""
    if not item.inside or not batch.entity.declaration.track:
        return {}
    found: dict[str, list[Any]] = {}
    for name, inverse in batch.entity.lines.items():
        before, after = [], []
        for one in (*batch.lines, *batch.moved):
            if one.entity.name == inverse.entity:
                for inside in (inside for inside in one.items if inside.outside is item):
                    pair = _pair(one, inside, inverse.field)
                    before += [pair[0]] if pair[0] else []
                    after += [pair[1]] if pair[1] else []
        if before or after:
            found[name] = [before, after]
    return found


def _pair(batch: Batch, item: Item, way_out: str) -> tuple[Told, Told]:
    """A record inside another one before and after, empty where it is not there; with what is saved inside
    it in turn.
    """
    entity, untold = batch.entity, {way_out, _SHARED}
    if item.new["deleted_at"] is not None:
        return _whole(entity, item.old, untold), {}
    deeper = changes_inside(batch, item)
    after = {name: pair[1] for name, pair in deeper.items()}
    if item.is_new or item.old["deleted_at"] is not None:
        return {}, _whole(entity, item.new, untold) | after
    fields = [field for field in changed_fields(entity, item.old, item.new) if field.name not in untold]
    before = {name: pair[0] for name, pair in deeper.items()}
    return _fields(item.old, fields) | before, _fields(item.new, fields) | after


def _whole(entity: Entity, record: Row, untold: set[str]) -> Told:
    fields = changed_fields(entity, {}, record)
    chosen = [f for f in fields if f.name not in untold and record[f.name] not in NOTHING]
    return _fields(record, chosen)


def _fields(record: Row, fields: list[Field]) -> Told:
    return {
        "id": str(record["id"]),
        **{field.name: told_value(field, record.get(field.name)) for field in fields},
    }


def hide_inside(context: Context, entity: Entity, name: str, pair: list[Any]) -> None:
    """Take out of what is told of a collection the fields that the caller may not read in every record."""
    inside = context.model.entities[entity.lines[name].entity]
    granted = access(context.model, context.principal, inside.name)
    for told in (one for side in pair for one in side or ()):
        for field in [key for key in told if key != "id"]:
            if field in inside.lines:
                hide_inside(context, inside, field, [told[field]])
            elif inside.field(field) is None or granted.field_read(field).constant is not True:
                del told[field]
