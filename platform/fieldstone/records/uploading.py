"""New files: the record and the content come together, or neither does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.database.joined import JoinedDatabase
from fieldstone.errors import FieldstoneError, NotFound
from fieldstone.fields.files import FilesType
from fieldstone.files import Content
from fieldstone.model.model import Field
from fieldstone.records import contents, reading, saving
from fieldstone.records.attaching import ABOUT, CHECKSUM
from fieldstone.records.batch import Batch, Item, Written, find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.create import prepare
from fieldstone.records.ids import new_ids
from fieldstone.records.update import Change, update
from fieldstone_metadata.names import FILE
from fieldstone_rules.types import Ref


def upload(context: Context, content: Content, regarding: Ref | None = None) -> Written:
    """Make a file of a received content: attached to a record, or of nothing yet and the caller's alone.

    The content is gone if this fails.

    Raises:
        Forbidden: the caller may not change the record. Invalid: there is no such record, or its records have
        no files.
    """
    return _made(context, content, lambda here, id_: _make(here, id_, content, regarding))


def upload_into(context: Context, content: Content, record: Ref, field: str) -> Written:
    """Make a file of a received content and put it into a field of a record: both, or neither.

    In a field of one file it takes the place of the one before, which goes to the bin. Raises as an update of
    the record does; `NotFound` with `unknown_field` if it is no field of files.
    """
    held = field_of_files(context, record.entity, field)

    def work(here: Context, id_: UUID) -> Written:
        file = _make(here, id_, content, None)
        _put(here, record, held, id_)
        return replace(file, version=file.version + 1)

    return _made(context, content, work)


def require_upload(context: Context) -> None:
    """Raise `Forbidden` if the caller, or the token in use, may make no files at all."""
    CallerRights(context, find_entity(context, FILE)).require_create()


def field_of_files(context: Context, entity: str, name: str) -> Field:
    """The field of this name if it holds files and the caller may know of it. Raises `NotFound`."""
    found = find_entity(context, entity)
    field = next((one for one in found.holding_files if one.name == name), None)
    if field is None or not CallerRights(context, found).knows_field(field):
        raise NotFound(f"{entity} has no field of files “{name[:80]}”.", code="unknown_field")
    return field


def _made(context: Context, content: Content, work: Callable[[Context, UUID], Written]) -> Written:
    """Run `work` in one transaction with the id of a new file; nothing of the content stays if it fails."""
    (id_,) = new_ids(1)
    database, model = context.database, context.model
    kept: list[UUID] = []

    def write(connection: sa.Connection) -> Written:
        made = work(replace(context, database=JoinedDatabase(database, connection)), id_)
        # Last of all: whoever reads the committed record finds the content.
        kept.append(id_)
        database.files.keep(content.received, id_)
        return made

    try:
        return database.run_write(model.version, write)
    except BaseException:
        database.files.discard(content.received)
        if kept:
            with contextlib.suppress(FieldstoneError):
                contents.remove_unknown(database, model, kept)
        raise


def _make(context: Context, id_: UUID, content: Content, regarding: Ref | None) -> Written:
    """Create the record of a file as any other; only what is known of the content is added."""
    values: dict[str, Any] = {"name": content.name}
    if regarding is not None:
        values[ABOUT] = {"id": str(regarding.id), "entity": regarding.entity}

    def work(connection: sa.Connection) -> Written:
        batch = Batch(context, connection, find_entity(context, FILE), [Item(0, id_)])
        prepare(batch, [values])
        batch.items[0].new |= _facts(content)
        saving.judge(batch)
        saving.insert(batch)
        return batch.items[0].written

    return context.database.run_write(context.model.version, work)


def _facts(content: Content) -> Mapping[str, Any]:
    """What the record of a file tells of its content."""
    return {
        "media_type": content.media_type,
        "size": content.received.size,
        CHECKSUM: content.received.checksum,
        "width": content.width,
        "height": content.height,
    }


def _put(context: Context, record: Ref, field: Field, file: UUID) -> None:
    value: Any = str(file)
    if isinstance(field.type, FilesType):
        held = reading.get(context, record.entity, record.id, [field.name])[field.name] or []
        value = [*(link["id"] for link in held), value]
    update(context, record.entity, [Change(record.id, {field.name: value})])
