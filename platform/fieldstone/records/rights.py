"""What the caller may do with an entity or a record, for pages that offer only what will work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from fieldstone.access.grants import access
from fieldstone.context import Context
from fieldstone.model.model import Entity
from fieldstone.records.batch import Batch, find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.peeking import peek
from fieldstone.records.shape import ASSIGNED, shape_of
from fieldstone.records.sharing import shareable_for


@dataclass(frozen=True)
class FieldRights:
    """What the caller may do with one field. update: set it, or send it with a new record."""

    read: bool
    update: bool


@dataclass(frozen=True)
class Rights:
    """What the caller may do: with a record, or (create, and the rest as far as it is certain) with an
    entity.

    fields: those that exist for the caller, by name, system fields included. share: what the caller may share
    the record for, some of "read" and "update"; nothing where no record is named.
    """

    create: bool
    read: bool
    update: bool
    delete: bool
    assign: bool
    fields: Mapping[str, FieldRights]
    share: tuple[str, ...] = ()


def rights(context: Context, entity: str, id_: UUID | None = None) -> Rights:
    """The caller's rights on a record, or without `id_` on the entity: what is possible for some record.

    Raises `NotFound` if there is no such entity or record for the caller.
    """
    found = find_entity(context, entity)
    if id_ is None:
        return _on_entity(context, found)
    with context.database.read() as connection:
        return _on_record(context, found, peek(context, connection, found, id_))


def _on_entity(context: Context, entity: Entity) -> Rights:
    allowed, judge = access(context.model, context.principal, entity.name), CallerRights(context, entity)

    def possible(verb: str) -> bool:
        return getattr(allowed, verb).constant is not False

    fields = {
        field.name: FieldRights(
            allowed.field_read(field.name).constant is not False,
            field.writable and allowed.field_create(field.name).constant is not False,
        )
        for field in shape_of(entity).fields
        if judge.knows_field(field)
    }
    verbs = {verb: possible(verb) for verb in ("create", "read", "update", "delete", "assign")}
    return _rights(verbs, fields)


def _on_record(context: Context, entity: Entity, batch: Batch) -> Rights:
    record, judge = batch.items[0].old, batch.rights
    may = {verb: judge.may(verb, batch.stored, record) for verb in ("read", "update", "delete", "assign")}

    def field_rights(name: str, *, writable: bool) -> FieldRights:
        may_update = may["assign"] if name in ASSIGNED else may["update"]
        return FieldRights(
            judge.may_field("read", name, batch.stored, record),
            writable and may_update and judge.may_field("update", name, batch.stored, record),
        )

    fields = {
        f.name: field_rights(f.name, writable=f.writable)
        for f in shape_of(entity).fields
        if judge.knows_field(f)
    }
    create = access(context.model, context.principal, entity.name).create.constant is not False
    return _rights(may | {"create": create}, fields, shareable_for(batch))


def _rights(
    may: Mapping[str, bool], fields: Mapping[str, FieldRights], share: tuple[str, ...] = ()
) -> Rights:
    return Rights(
        create=may["create"],
        read=may["read"],
        update=may["update"],
        delete=may["delete"],
        assign=may["assign"],
        fields=fields,
        share=share,
    )
