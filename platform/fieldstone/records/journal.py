"""What a save leaves behind besides the rows: entries for the history and the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fieldstone.context import Context
from fieldstone.database.system import SystemTables
from fieldstone.model.model import Entity, Field
from fieldstone.records import outbox
from fieldstone.records.rows import Row
from fieldstone.records.shape import shape_of
from fieldstone.records.writing import Part, to_json

CREATE, UPDATE, TRANSITION, IMPORT = "create", "update", "transition", "import"
DELETE, RESTORE, PURGE = "delete", "restore", "purge"
SHARE, UNSHARE = "share", "unshare"

Changes = Mapping[str, list[Any]]

NOTHING: tuple[Any, ...] = (None, ())
"""What a field holds when it holds nothing."""


@dataclass(frozen=True)
class Entry:
    """One changed record. changes: field → [before, after] in the API's form; cause: see
    `SystemTables.history`. note: instead of the context's.
    """

    entity: str
    record: UUID
    version: int
    action: str
    changes: Changes
    transition: str | None = None
    cause: UUID | None = None
    note: str | None = None


def differs(one: Any, other: Any) -> bool:
    """Whether two values of a field are different; unlike in Python, true is not 1, not even deep inside
    JSON.
    """
    if one is other:
        return False
    if one != other:
        return not (one in NOTHING and other in NOTHING)
    return isinstance(one, list | dict) and to_json(one) != to_json(other)


def changed_fields(entity: Entity, old: Row, new: Row) -> list[Field]:
    """The fields that history keeps whose value is not the same in both."""
    kept = shape_of(entity).kept
    if not old:
        return [field for field in kept if (value := new.get(field.name)) is not None and value != ()]
    return [field for field in kept if field.name in new and differs(old.get(field.name), new[field.name])]


def changes_between(entity: Entity, old: Row, new: Row) -> Changes:
    """What history tells of a change from `old` to `new`; nothing where the entity is not tracked."""
    if not entity.declaration.track:
        return {}
    return told_changes(changed_fields(entity, old, new), old, new)


def told_changes(fields: Sequence[Field], old: Row, new: Row) -> Changes:
    """Before and after of these fields, in the API's form."""
    if not old:
        return {field.name: [None, field.type.api_form(new[field.name])] for field in fields}
    return {
        field.name: [told_value(field, old.get(field.name)), told_value(field, new.get(field.name))]
        for field in fields
    }


def told_value(field: Field, value: Any) -> Any:
    """A value as history keeps it; a reference without its title, which is looked up when history is read."""
    return None if value is None else field.type.api_form(value)


def journal(context: Context, entries: Sequence[Entry]) -> Part:
    """The part of a write that adds entries to history and outbox."""
    parameters = {
        "journal": to_json([vars(entry) for entry in entries]),
        "at": context.now,
        "actor": context.principal.user,
        "source": context.source,
        "note": context.note,
        "operation": context.operation,
    }
    return Part(_clauses(context.database.system), parameters)


def remark(context: Context, entries: Sequence[Entry]) -> Part:
    """The part of a write that adds entries to the history alone: what happened changed no record."""
    system, part = context.database.system, journal(context, entries)
    return Part(f"{_JOURNAL}, {_remembering(system)}", part.parameters)


def _clauses(system: SystemTables) -> str:
    return f"{_JOURNAL}, {_remembering(system)}, {outbox.telling(system)}"


_JOURNAL = (
    "journal AS MATERIALIZED (SELECT * FROM json_to_recordset(CAST(:journal AS json)) AS j(entity text, "
    "record uuid, version integer, action text, transition text, changes jsonb, cause uuid, note text))"
)


def _remembering(system: SystemTables) -> str:
    return (
        f'remembered AS (INSERT INTO "{system.schema}".history '  # noqa: S608  # our own schema
        "(at, actor, source, note, entity, record, version, action, transition, changes, cause, operation) "
        "SELECT CAST(:at AS timestamptz), CAST(:actor AS uuid), :source, "
        "COALESCE(note, CAST(:note AS text)), entity, record, version, action, transition, changes, cause, "
        "CAST(:operation AS uuid) FROM journal)"
    )
