"""A record as somebody types it, which need not be valid yet: what was typed, completed like in a save."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.model.model import Entity
from fieldstone.records import defaults, formulas, validation
from fieldstone.records.batch import Batch, Item
from fieldstone.records.ids import new_ids
from fieldstone.records.inside import sent as inside
from fieldstone.records.peeking import peek
from fieldstone_rules.types import Ref


def begin(
    context: Context, connection: sa.Connection, entity: Entity, id_: UUID | None, values: Mapping[str, Any]
) -> Batch:
    """A batch of one record with what was typed (the API's form), not yet completed.

    id_: the record being edited, None for a new one. A value that cannot be read counts as not typed.
    Raises `NotFound` if there is no such record for the caller.
    """
    batch = _batch(context, connection, entity, id_)
    item = batch.items[0]
    item.sent = validation.read_values(batch, item, values)
    inside.read(batch, locked=False)
    return batch


def complete(batch: Batch) -> None:
    """Add defaults or what is stored, and formulas, to the record and to those typed inside it."""
    for one in reversed(batch.together):
        _complete(one)
    batch.forget_wanted()
    for one in batch.together:
        formulas.compute(one)


def _batch(context: Context, connection: sa.Connection, entity: Entity, id_: UUID | None) -> Batch:
    if id_ is None:
        return Batch(context, connection, entity, [Item(0, new_ids(1)[0])])
    return peek(context, connection, entity, id_)


def _name_outside(batch: Batch) -> None:
    """Let new records refer to the one around them, as they will once they are saved with it."""
    parent = batch.entity.parent
    for item in batch.items:
        if parent is not None and item.outside is not None and batch.outside is not None:
            item.new[parent.name] = Ref(batch.outside.entity.name, item.outside.id)


def _complete(batch: Batch) -> None:
    if batch.items and batch.items[0].is_new:
        defaults.fill(batch)
        _name_outside(batch)
        return
    validation.drop_unchanged(batch)
    for item in batch.items:
        item.new = {**item.old, **item.sent}
