"""What to say when somebody else was faster: who changed the record, when, and what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from fieldstone.records.batch import Batch, Item
from fieldstone.records.hidden_members import hide_members
from fieldstone.records.history import add_titles, hide_unreadable, instant, references_in
from fieldstone.records.labels import entity_label

_MOST = 100


def describe(batch: Batch, item: Item, version: int) -> dict[str, Any]:
    """The details of a version conflict: `message`, `version`, `changed_by`, `changed_at` and `changes`.

    changes: field → [value in the caller's version, value now], only of fields that the caller may read.
    """
    entries = _since(batch, item, version)
    changes = merged(entries)
    hide_unreadable(batch.context, batch.connection, batch.entity, item.old, [changes])
    hide_members(batch.context, batch.connection, batch.entity, [changes])
    last = item.old
    changed_by = {"id": str(last["updated_by"].id), "entity": "user"}
    references = references_in(batch.model, batch.entity, changes)
    add_titles(batch.context, batch.connection, [changed_by, *references])
    who, kind = (
        changed_by["title"] or "Somebody else",
        entity_label(batch.entity, batch.context.principal.locale),
    )
    fields = f" ({', '.join(changes)})" if changes else ""
    return {
        "message": f"{who} has changed this {kind} since you opened it{fields}. Nothing was written.",
        "version": last["version"],
        "changed_by": changed_by,
        "changed_at": instant(batch.entity, last["updated_at"]),
        "changes": changes,
        "record": item.position,
    }


def _since(batch: Batch, item: Item, version: int) -> Sequence[Any]:
    table = batch.context.database.system.history
    statement = (
        sa.select(table.c.changes)
        .where(table.c.entity == batch.entity.name, table.c.record == item.id, table.c.version > version)
        .order_by(table.c.id)
        .limit(_MOST)
    )
    return batch.connection.scalars(statement).all()


def merged(entries: Sequence[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    """Several changes as one: the first value before, the last one after; what came back is no change."""
    merged: dict[str, list[Any]] = {}
    for changes in entries:
        for name, (before, after) in changes.items():
            merged[name] = [merged[name][0] if name in merged else before, after]
    return {name: pair for name, pair in merged.items() if pair[0] != pair[1]}
