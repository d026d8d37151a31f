"""Loading the stored records of a batch: locked, readable for the caller, and in the version that the caller
saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fieldstone.errors import NotFound, VersionConflict
from fieldstone.records import conflicts, rows
from fieldstone.records.batch import Batch, Item
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import Evaluator
from fieldstone.records.labels import entity_label
from fieldstone.records.rows import Lock, Values

Versions = Sequence[int | None]


def load(
    batch: Batch,
    versions: Versions | Mapping[int, int | None],
    lock: Lock = Lock.CHANGED,
    *,
    deleted: bool = False,
) -> None:
    """Load and lock the records of a batch, in the order of their ids.

    deleted: they are in the recycle bin. Raises `NotFound` for what is not there or not readable, and
    `VersionConflict` where a record has moved on from the version given; a partial batch goes on without
    those.
    """
    _refuse_doubles(batch)
    found = rows.load(batch.connection, batch.model, batch.entity, (item.id for item in batch.items), lock)
    for item in batch.items:
        record = found.get(item.id, {})
        item.old = record if record and (record["deleted_at"] is not None) is deleted else {}
    for item in batch.items:
        if not item.old or not batch.rights.may("read", batch.stored, item.old):
            _refuse_missing(batch, item, deleted=deleted)
    batch.settle()
    _check_versions(batch, versions)


def load_again(batch: Batch) -> None:
    """Load records that this call has locked and judged before, as they are after what it wrote: by that they
    may have left the caller's sight.
    """
    found = rows.load(batch.connection, batch.model, batch.entity, (item.id for item in batch.items))
    for item in batch.items:
        item.old = found[item.id]


def load_known(
    batch: Batch,
    versions: Mapping[int, int | None] | None = None,
    lock: Lock = Lock.CHANGED,
    *,
    creating: bool = True,
    key: Sequence[str] = (),
) -> None:
    """Load and lock records found by other means; those that are gone or not readable are refused.

    versions: as for `load`, by position. creating: the caller would create what it cannot find. key: the
    fields by which they were found; a record in which the caller may not read them was not to be found.
    """
    found = rows.load(batch.connection, batch.model, batch.entity, (item.id for item in batch.items), lock)
    for item in batch.items:
        record = found.get(item.id)
        item.old = record if record is not None and record["deleted_at"] is None else {}
    kind = entity_label(batch.entity, batch.context.principal.locale)
    message = f"Another {kind} has this key, and you may not see it." if creating else no_such_key(kind)
    field = key[0] if key and not creating else None  # as where there is none, so that neither tells
    for item in batch.items:
        if not item.old or not may_find(batch.rights, batch.stored, item.old, key):
            batch.refusals.add(item.position, field, "not_found", message, kind=NotFound)
    batch.items = list(batch.accepted)
    if versions:
        _check_versions(batch, versions)


def may_find(rights: CallerRights, judge: Evaluator, record: Values, key: Sequence[str]) -> bool:
    """Whether the caller may know that a record holds what it holds in the fields `key`."""
    seen = rights.may("read", judge, record)
    return seen and all(rights.may_field("read", name, judge, record) for name in key)


def no_such_key(kind: str) -> str:
    """What to say where no record has a key. kind: what a record is called."""
    return f"There is no {kind} with this key, or you may not see it."


def _refuse_doubles(batch: Batch) -> None:
    seen = set()
    for item in batch.items:
        if item.id in seen:
            batch.refuse(item, None, "twice", "The same record is named twice in one call.")
        seen.add(item.id)
    batch.refusals.raise_if_any()


def _refuse_missing(batch: Batch, item: Item, *, deleted: bool) -> None:
    kind = entity_label(batch.entity, batch.context.principal.locale)
    place = " in the recycle bin" if deleted else ""
    message = f"There is no {kind} with the id {item.id}{place}, or you may not see it."
    batch.refusals.add(item.position, None, "not_found", message, kind=NotFound)


def _check_versions(batch: Batch, versions: Versions | Mapping[int, int | None]) -> None:
    outdated = [
        (item, version)
        for item in batch.items
        if (version := versions[item.position]) is not None and version != item.old["version"]
    ]
    for item, version in outdated:
        details = conflicts.describe(batch, item, version)
        batch.refusals.add(
            item.position, None, "version_conflict", details["message"], kind=VersionConflict, details=details
        )
    batch.settle()
