"""Merging records that mean the same: one is kept, and everything that led to the others leads to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.system_user import RIGHTS_ENTITIES
from fieldstone.context import Context
from fieldstone.errors import Conflict, FieldError, Invalid
from fieldstone.fields.secret import SecretType
from fieldstone.model.model import Entity, Field
from fieldstone.records import links, loading, merged_shares, operations, state_changes, update
from fieldstone.records.batch import Batch, Item, Written, find_entity
from fieldstone.records.delete import remove
from fieldstone.records.journal import told_value
from fieldstone.records.labels import entity_label, field_label, text_of
from fieldstone.records.redirecting import Redirection
from fieldstone.records.rows import Lock
from fieldstone_metadata.names import FILE

MOST = 100
"""As many records are merged into another one with one call."""

_CURRENCY = "currency"


@dataclass(frozen=True)
class Merge:
    """What to merge into the record `kept`. version: that of the kept record which the caller saw, or None.

    take: field → the merged record whose value the kept one gets. values: others for it, in the API's form.
    """

    kept: UUID
    records: Sequence[UUID]
    take: Mapping[str, UUID] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None


@dataclass(frozen=True)
class Merged:
    """The kept record, and the operation by which all of it can be undone."""

    written: Written
    operation: UUID


def merge(context: Context, entity: str, wanted: Merge) -> Merged:
    """Merge records into one, all or nothing: references, comments, files and shares of the others become
    its own, it gets the values chosen, and the others go to the recycle bin.

    The caller needs to update the kept record and to delete the others; nothing on the records that refer
    to them.

    Raises:
        NotFound: there is no such record, or the caller may not read it.
        Forbidden: the caller may not change the kept record so, or not delete a merged one.
        VersionConflict: somebody else has changed the kept record since the version given.
        Invalid: the choice makes no sense, or values were refused.
        Conflict: records of this kind cannot be merged, or a value that must be unique is taken.
    """
    _check_wanted(context, entity, wanted)

    def work(connection: sa.Connection) -> Merged:
        noted = replace(context, note=context.note or _note(wanted))
        operating = operations.begin(noted, operations.MERGE, entity, connection=connection)
        assert operating.operation is not None
        return Merged(_merge(operating, connection, entity, wanted), operating.operation)

    try:
        return context.database.run_write(context.model.version, work)
    except Conflict as error:
        raise _told(context, entity, error) from error


def _told(context: Context, entity: str, error: Conflict) -> Conflict:
    """The same, in words about them where two records that refer would be alike then."""
    broken = error.details.get("constraint")
    for other in context.model.entities.values():
        for index in other.table.indexes if other.name != entity else ():
            if index.unique and index.name == broken:
                return _alike(other, index.info["fields"], context.principal.locale)
    return error


def _alike(entity: Entity, names: Sequence[str], locale: str) -> Conflict:
    fields = [entity.field(name) for name in names]
    labels = " and ".join(field_label(field, locale) for field in fields if field is not None)
    message = (
        f"Two {text_of(entity.plural, locale)} would have the same {labels} then. Change one of them first."
    )
    entry = FieldError(f"{entity.name}.{names[0]}", "not_unique", message)
    return Conflict(message, code="not_unique", errors=[entry])


def is_mergeable(entity: Entity) -> bool:
    """Whether records of an entity can be merged: not lines, files, users, teams and assignments."""
    return entity.parent is None and entity.name not in (*RIGHTS_ENTITIES, FILE)


def _note(wanted: Merge) -> str:
    return f"Merge of {', '.join(str(id_) for id_ in wanted.records)} into {wanted.kept}"


def _merge(context: Context, connection: sa.Connection, entity: str, wanted: Merge) -> Written:
    kept, merged = _loaded(context, connection, entity, wanted)
    values = {**wanted.values, **_taken(merged, wanted.take)}
    redirection = Redirection(merged, kept)
    redirection.prepare()
    _check_currency(merged, kept, redirection)
    redirection.write()
    merged_shares.copy(merged, kept.id)
    remove(merged, redirection.superseded)
    saving = Batch(context, connection, merged.entity, [Item(0, kept.id)])
    loading.load_again(saving)
    update.read_sent(saving, [values])
    state_changes.choose(saving)
    return update.finish(saving)[0]


def _loaded(context: Context, connection: sa.Connection, entity: str, wanted: Merge) -> tuple[Item, Batch]:
    """The kept record and the batch of the others, locked, with the caller's rights to do it checked."""
    ids = [wanted.kept, *wanted.records]
    items = [Item(position, id_) for position, id_ in enumerate(ids)]
    whole = Batch(context, connection, find_entity(context, entity), list(items))
    loading.load(whole, [wanted.version, *(None for _ in wanted.records)], Lock.REMOVED)
    kept = Batch(context, connection, whole.entity, [items[0]])
    kept.rights.check_stored(kept)
    kept.settle()
    merged = Batch(context, connection, whole.entity, items[1:])
    merged.rights.check_delete(merged)
    return items[0], merged


def _check_wanted(context: Context, name: str, wanted: Merge) -> None:
    entity = find_entity(context, name)
    if not is_mergeable(entity):
        kind = entity_label(entity, context.principal.locale)
        raise Conflict(f"Records of the kind {kind} cannot be merged.", code="not_mergeable")
    errors = [*_wrong_records(wanted), *_wrong_fields(wanted)]
    if errors:
        raise Invalid(errors[0].message, errors=errors)


def _wrong_records(wanted: Merge) -> list[FieldError]:
    if not 1 <= len(wanted.records) <= MOST:
        return [FieldError("records", "wrong_number", f"1 to {MOST} records can be merged with one call.")]
    if len({wanted.kept, *wanted.records}) <= len(wanted.records):
        return [FieldError("records", "twice", "A record is named twice, or is the one that is kept.")]
    return []


def _wrong_fields(wanted: Merge) -> list[FieldError]:
    foreign = [
        FieldError(f"take.{name}", "not_merged", f"{name}: {id_} is none of the merged records.")
        for name, id_ in wanted.take.items()
        if id_ not in wanted.records
    ]
    both = [
        FieldError(f"take.{name}", "twice", f"{name} stands in `take` and in `values`.")
        for name in wanted.take
        if name in wanted.values
    ]
    return [*foreign, *both]


def _taken(merged: Batch, take: Mapping[str, UUID]) -> dict[str, Any]:
    """The values of merged records that the kept one gets, in the API's form, as the caller sees them."""
    by_id = {item.id: item for item in merged.items}
    found = {name: (_takeable(merged, by_id[id_], name), by_id[id_]) for name, id_ in take.items()}
    errors = [
        FieldError(f"take.{name}", "not_takeable", f"{name}: the value of another record cannot be taken.")
        for name, (one, _) in found.items()
        if one is None
    ]
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    return {name: _value(merged, item, one) for name, (one, item) in found.items() if one is not None}


def _takeable(merged: Batch, item: Item, name: str) -> Field | None:
    """The field, if the caller may read it there, and its value can be in two records."""
    one = merged.entity.field(name)
    known = one is not None and merged.rights.knows_field(one)
    if one is None or not known or one in merged.entity.holding_files or isinstance(one.type, SecretType):
        return None
    held = one.stored or one.link is not None
    return one if held and merged.rights.may_field("read", name, merged.stored, item.old) else None


def _value(merged: Batch, item: Item, one: Field) -> Any:
    if one.link is not None:
        refs = links.pairs_of(merged.connection, one.link, [item.id]).get(item.id, ())
        unseen = links.unseen(merged, one.link, set(refs)) if refs else set()
        return told_value(one, tuple(ref for ref in refs if ref not in unseen))
    return told_value(one, item.old[one.name])


def _check_currency(merged: Batch, kept: Item, redirection: Redirection) -> None:
    """The amounts of what lives inside a record are in its currency."""
    others = {item.old.get(_CURRENCY) for item in merged.items} - {kept.old.get(_CURRENCY)}
    if others and redirection.moves_lines:
        message = "What belongs to the records is in different currencies; give them the same one first."
        raise Conflict(message, code="other_currency")
