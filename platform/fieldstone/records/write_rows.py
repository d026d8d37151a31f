"""Writing many rows that somebody sent, each to create, change or remove a record; all are accounted for.

A batch is one transaction and costs a constant number of statements; only what makes a whole batch impossible
is tried again in parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.grants import ADMIN
from fieldstone.context import Context
from fieldstone.errors import FieldError, FieldstoneError, Forbidden, Malformed, NotFound
from fieldstone.model.model import Entity
from fieldstone.records import bulk, loading, uniqueness
from fieldstone.records.batch import Batch, find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.halving import in_parts
from fieldstone.records.ids import new_ids
from fieldstone.records.labels import entity_label
from fieldstone.records.row_outcomes import (
    RowOutcome,
    changing,
    creating,
    given,
    is_taken,
    refused,
    removing,
    run,
    without,
)
from fieldstone.records.rows import Lock

BATCH = 500
IMPORT = "import"


class Mode(StrEnum):
    """What rows are sent for."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"


CAPABILITIES: Mapping[Mode, str] = {
    Mode.CREATE: IMPORT,
    Mode.UPSERT: IMPORT,
    Mode.UPDATE: bulk.CAPABILITY,
    Mode.DELETE: bulk.CAPABILITY,
}


@dataclass(frozen=True)
class Sent:
    """One row: values in the API's form, and the record that it means if it names one by its id.

    version: the one that the caller saw, None for any. sparse: what is empty was not sent, as in a file whose
    rows all have the same columns: a new record takes its defaults there.
    """

    values: Mapping[str, Any]
    id: UUID | None = None
    version: int | None = None
    sparse: bool = False


@dataclass(frozen=True)
class Writing:
    """What is to be done with rows. key: the fields by which records are found; without, by their ids."""

    entity: str
    mode: Mode
    key: tuple[str, ...] = ()


def may_write_rows(context: Context, mode: Mode) -> bool:
    """Whether the caller holds the capability that a mode needs."""
    return CAPABILITIES[mode] in context.principal.capabilities or ADMIN in context.principal.roles


def require_rows(context: Context, writing: Writing) -> Entity:
    """The entity, once it is sure that the caller may begin and that the key tells records apart.

    Raises:
        NotFound: there is no such entity for the caller.
        Forbidden: the caller lacks the capability `import` (to create) or `bulk_edit` (to change), or may
            never create.
        Malformed: a key where there can be none, none where there must be one, or one that is not unique.
    """
    entity = find_entity(context, writing.entity)
    rights = CallerRights(context, entity)
    if not may_write_rows(context, writing.mode):
        capability = CAPABILITIES[writing.mode]
        reason = f"none of your roles has the capability {capability}"
        message = f"You may not {writing.mode} many records with one call: {reason}."
        raise Forbidden(message, details={"reason": reason, "capability": capability})
    if writing.mode is Mode.CREATE:
        rights.require_create()
    _check_key(entity, rights, writing)
    return entity


def _check_key(entity: Entity, rights: CallerRights, writing: Writing) -> None:
    if writing.mode is Mode.CREATE and writing.key:
        raise _bad_key("With mode=create no record is looked for; leave out the key, or take mode=upsert.")
    if writing.mode is Mode.UPSERT and not writing.key:
        raise _bad_key("mode=upsert needs a key: the unique field by which records are found.")
    known = all(name in entity.fields and rights.knows_field(entity.fields[name]) for name in writing.key)
    if writing.key and (
        not known
        or set(writing.key) not in uniqueness.unique_keys(entity)
        or len(set(writing.key)) < len(writing.key)
    ):
        names = ",".join(writing.key)[:80]
        raise _bad_key(f"`{names}` is not unique in `{entity.name}`, so it does not tell records apart.")


def _bad_key(message: str) -> Malformed:
    return Malformed(message, code="bad_key", errors=[FieldError("key", "bad_key", message)])


def write_rows(context: Context, writing: Writing, rows: Sequence[Sent]) -> list[RowOutcome]:
    """Write a batch of rows; those that are refused are told, and the others are written.

    No two rows may mean the same record. The answer has an entry for each row, in order. Raises as
    `require_rows`, and `Unavailable` where the database cannot be reached, or takes too long: then nothing is
    written.
    """
    require_rows(context, writing)

    def refuse(part: Sequence[Sent], error: FieldstoneError) -> list[RowOutcome]:
        return [refused(error) for _ in part]

    parts = in_parts(rows, partial(_written, context, writing), refuse)
    return [outcome for part in parts for outcome in part]


def _written(context: Context, writing: Writing, rows: Sequence[Sent]) -> list[RowOutcome]:
    def work(connection: sa.Connection) -> list[RowOutcome]:
        batch = Batch(context, connection, find_entity(context, writing.entity), [], partial=True)
        found = _Round(batch, writing, rows).run()
        return [found[position] for position in range(len(rows))]

    return context.database.run_write(context.model.version, work) if rows else []


class _Round:
    """One batch of rows on its way."""

    def __init__(self, batch: Batch, writing: Writing, rows: Sequence[Sent]) -> None:
        self._batch = batch
        self._writing = writing
        self._rows = rows
        self._known = self._find()
        self._values = {place: without(row.values, writing.key) for place, row in enumerate(rows)}
        self._versions = {place: row.version for place, row in enumerate(rows)}

    def run(self) -> dict[int, RowOutcome]:
        """Position → what became of the row."""
        mode = self._writing.mode
        missing = [place for place in range(len(self._rows)) if place not in self._known]
        if mode is Mode.CREATE:
            return self._create(missing)
        if mode is Mode.DELETE:
            step = removing(partial(self._load, lock=Lock.REMOVED))
            return run(self._batch, self._known, step) | self._missing(missing)
        found = self._change(self._known)
        return found | (self._upsert(missing) if mode is Mode.UPSERT else self._missing(missing))

    def _find(self) -> dict[int, UUID]:
        """Position → the record that a row means."""
        if not self._writing.key:
            return {place: row.id for place, row in enumerate(self._rows) if row.id is not None}
        return uniqueness.find_by_key(self._batch, [row.values for row in self._rows], self._writing.key)

    def _change(self, known: Mapping[int, UUID]) -> dict[int, RowOutcome]:
        return run(self._batch, known, changing(self._values, self._load))

    def _upsert(self, places: Sequence[int]) -> dict[int, RowOutcome]:
        """Create what was not there; what somebody else has created since is changed."""
        made = self._create(places)
        taken = [place for place, outcome in made.items() if is_taken(outcome, self._writing.key)]
        known = self._find() if taken else {}
        return made | self._change({place: known[place] for place in taken if place in known})

    def _load(self, batch: Batch, lock: Lock = Lock.CHANGED) -> None:
        if self._writing.key:
            upserting = self._writing.mode is Mode.UPSERT
            key = self._writing.key
            loading.load_known(batch, self._versions, lock, creating=upserting, key=key)
        else:
            loading.load(batch, self._versions, lock)

    def _create(self, places: Sequence[int]) -> dict[int, RowOutcome]:
        try:
            self._batch.rights.require_create()
        except Forbidden as error:
            return {place: refused(error) for place in places}
        sent = {place: self._rows[place] for place in places}
        values = {place: given(row.values) if row.sparse else row.values for place, row in sent.items()}
        ids = dict(zip(places, new_ids(len(places)), strict=True)) if places else {}
        return run(self._batch, ids, creating(values))

    def _missing(self, places: Sequence[int]) -> dict[int, RowOutcome]:
        kind = entity_label(self._batch.entity, self._batch.context.principal.locale)
        message = loading.no_such_key(kind)
        told = FieldError(self._writing.key[0] if self._writing.key else "id", "not_found", message)
        return {place: refused(NotFound(message, errors=[told])) for place in places}
