"""Files in fields of records: a file belongs to one field of one record, and goes to the bin when it leaves.

Whoever saves the record may put in what it uploaded itself and belongs to nothing yet, or what has been in
the same place before. The file's own record follows in the same transaction, with an entry in its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from fieldstone.fields.file import FileType, check_fits
from fieldstone.fields.files import FilesType
from fieldstone.fields.refusal import ValueRefused
from fieldstone.files.names import clean_name, ending_of
from fieldstone.model.model import FILE_FIELD, Field
from fieldstone.records import rows
from fieldstone.records.batch import Batch, Item
from fieldstone.records.journal import DELETE, RESTORE, UPDATE, Entry, changes_between, journal
from fieldstone.records.labels import field_label
from fieldstone.records.rows import Lock, Values, to_columns
from fieldstone.records.writing import updating, write
from fieldstone_metadata.names import FILE
from fieldstone_rules.types import Ref

ABOUT, CHECKSUM, NAME = "regarding", "checksum", "name"
_WRITTEN = ("id", "version", "updated_at", "updated_by", "deleted_at", FILE_FIELD)


def check_files(batch: Batch) -> None:
    """Refuse records of files that come without a content, on whatever way; make new names harmless."""
    if batch.entity.name == FILE:
        for item in batch.items:
            if item.is_new and item.new.get(CHECKSUM) is None:
                message = "A file comes with its content: send it to POST /api/v1/files."
                batch.refuse(item, None, "no_content", message)
            elif not item.is_new and item.sent.get(NAME):
                _rename(batch, item)


def _rename(batch: Batch, item: Item) -> None:
    """The ending stays: it says what the content is, and fields take files by it."""
    item.new[NAME] = item.sent[NAME] = clean_name(item.sent[NAME])
    ending = ending_of(item.old[NAME])
    if ending_of(item.new[NAME]) != ending:
        kept = f"still end with {ending}" if ending else "have no ending"
        batch.refuse(item, NAME, "wrong_ending", f"The name has to {kept}, as the content is the same.")


def check(batch: Batch) -> None:
    """Refuse files that cannot be put where they were put, and keep the others from changing meanwhile."""
    added = list(_moved(batch, "new", "old"))
    ids = {ref.id for _, _, ref in (*added, *_moved(batch, "old", "new"))}
    if not ids:
        return
    entity = batch.model.entities[FILE]
    batch.files = rows.load(batch.connection, batch.model, entity, ids, Lock.CHANGED)
    batch.related.learn(FILE, batch.files.values())
    taken: set[UUID] = set()
    for item, field, ref in added:
        file = batch.files.get(ref.id)
        if file is None or ref.id in taken or not _may_be_put(batch, item, field, file):
            message = f"{_label(batch, field)}: there is no such file, or it belongs to something else."
            batch.refuse(item, field.name, "unknown_record", message)
        else:
            _check_fits(batch, item, field, file)
        taken.add(ref.id)


def _may_be_put(batch: Batch, item: Item, field: Field, file: Values) -> bool:
    if file[ABOUT] is None:
        return file["deleted_at"] is None and file["created_by"] == batch.actor
    return bool(file[ABOUT] == Ref(batch.entity.name, item.id) and file[FILE_FIELD] == field.name)


def _check_fits(batch: Batch, item: Item, field: Field, file: Values) -> None:
    assert isinstance(field.type, FileType | FilesType)
    try:
        check_fits(field.declaration, field.type.accepted, file["name"], file["media_type"], file["size"])
    except ValueRefused as refused:
        message = f"{_label(batch, field)}: {refused.message}"
        batch.refuse(item, field.name, refused.code, message)


def write_files(batch: Batch) -> None:
    """Bring the records of files that came and went up to date; to be called with the write of the batch."""
    changed = [
        *((file, _put(batch, item, field)) for item, field, file in _files(batch, "new", "old")),
        *((file, {"deleted_at": batch.context.now}) for _, _, file in _files(batch, "old", "new")),
    ]
    if not changed:
        return
    entity = batch.model.entities[FILE]
    about = entity.fields[ABOUT]
    names = {*_WRITTEN, *(column.name for column in about.columns)}
    stamped = [(old, old | new | _stamp(batch, old)) for old, new in changed]
    columns = [{n: v for n, v in to_columns(entity, new).items() if n in names} for _, new in stamped]
    entries = [_entry(batch, old, new) for old, new in stamped]
    write(batch.connection, batch.model, [updating(entity, columns), journal(batch.context, entries)])


def _put(batch: Batch, item: Item, field: Field) -> Values:
    return {ABOUT: Ref(batch.entity.name, item.id), FILE_FIELD: field.name, "deleted_at": None}


def _stamp(batch: Batch, file: Values) -> Values:
    return {
        "version": file["version"] + 1,
        "updated_at": batch.context.now,
        "updated_by": batch.actor,
    }


def _entry(batch: Batch, old: Values, new: Values) -> Entry:
    action = DELETE if new["deleted_at"] else RESTORE if old["deleted_at"] else UPDATE
    changes = changes_between(batch.model.entities[FILE], old, new)
    return Entry(FILE, old["id"], new["version"], action, changes)


def _files(batch: Batch, there: str, missing: str) -> Iterator[tuple[Item, Field, Values]]:
    for item, field, ref in _moved(batch, there, missing):
        file = batch.files.get(ref.id)
        if file is not None:
            yield item, field, file


def _moved(batch: Batch, there: str, missing: str) -> Iterator[tuple[Item, Field, Ref]]:
    """The files that are in one state of the records and not in the other."""
    for field in batch.entity.holding_files:
        for item in batch.items:
            if field.name in item.new:
                before = _refs(getattr(item, missing).get(field.name))
                found = _refs(getattr(item, there).get(field.name))
                yield from ((item, field, ref) for ref in found if ref not in before)


def _refs(value: Any) -> Iterable[Ref]:
    if not value:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _label(batch: Batch, field: Field) -> str:
    return field_label(field, batch.context.principal.locale)
