"""Creating records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.records import beginning, links, saving, validation
from fieldstone.records.batch import Batch, Item, Written, find_entity
from fieldstone.records.ids import new_ids
from fieldstone.records.inside import sent as inside


def create(context: Context, entity: str, values: Sequence[Mapping[str, Any]]) -> list[Written]:
    """Create records from values in the API's form, with what lives inside them, all or none; in the order
    sent.

    Raises:
        NotFound: there is no such entity for the caller.
        Forbidden: the caller may not create such a record, or may not set a field.
        Invalid: values were refused; `errors` names each field with its record's position.
        Conflict: a value that must be unique is taken.
    """

    def work(connection: sa.Connection) -> list[Written]:
        items = [Item(position, id_) for position, id_ in enumerate(new_ids(len(values)))]
        batch = Batch(context, connection, find_entity(context, entity), items)
        prepare(batch, values)
        saving.judge(batch)
        saving.insert(batch)
        return [item.written for item in batch.items]

    return context.database.run_write(context.model.version, work) if values else []


def prepare(batch: Batch, values: Sequence[Mapping[str, Any]]) -> None:
    """Read what was sent, check what can be checked before the record is complete, and complete it."""
    batch.rights.require_create()
    for item, sent in zip(batch.items, values, strict=True):
        item.sent = validation.read_values(batch, item, sent)
        links.sort(item.sent)
    inside.read(batch)
    beginning.complete(batch)
    inside.complete(batch)
