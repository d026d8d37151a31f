"""Records that count as the same as one that is being typed, told before anybody saves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fieldstone.access.grants import access
from fieldstone.context import Context
from fieldstone.records import drafting, duplicates
from fieldstone.records.batch import Batch, find_entity
from fieldstone_metadata.declarations import Duplicates


@dataclass(frozen=True)
class Alike:
    """Others that one rule takes for the same. match: the fields compared. blocking: a save will be refused.

    records: the first few, as references with titles, of which the caller may read what is compared. hidden:
    whether there are only others; of those nothing is told unless they stop a save.
    """

    match: Sequence[str]
    blocking: bool
    records: Sequence[Mapping[str, Any]]
    hidden: bool


def alike(context: Context, entity: str, id_: UUID | None, values: Mapping[str, Any]) -> list[Alike]:
    """What each rule of `duplicates` finds for a record as it is typed (the API's form), so far as that is
    enough to compare. id_: the record being edited, None for a new one.

    One statement for each rule whose fields are filled and changed, and one for what it finds; none for
    others, and none for who may not save the record. Raises `NotFound` if there is no such record.
    """
    found = find_entity(context, entity)
    verb = "create" if id_ is None else "update"
    decision = getattr(access(context.model, context.principal, entity), verb)
    if not found.declaration.duplicates or decision.constant is False:
        return []
    with context.database.read() as connection:
        batch = drafting.begin(context, connection, found, id_, values)
        drafting.complete(batch)
        told = (_told(batch, rule) for rule in found.declaration.duplicates)
        return [one for one in told if one is not None]


def _told(batch: Batch, rule: Duplicates) -> Alike | None:
    (item,) = batch.items
    if not duplicates.key_of(batch.entity, rule, item):
        return None
    ids = duplicates.same_as(batch, rule, [item]).get(item.position)
    if not ids:
        return None
    seen = duplicates.readable_of(batch, rule, ids[: duplicates.LOOKED_AT])
    blocking = rule.mode == duplicates.BLOCK
    return (
        Alike(rule.match, blocking, seen[: duplicates.NAMED], hidden=not seen) if seen or blocking else None
    )
