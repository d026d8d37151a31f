"""Reading what happened to a record: who changed what and when, as far as the caller may see it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.fields.json import JsonType
from fieldstone.model.model import Entity, Model
from fieldstone.records import rows
from fieldstone.records.batch import find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import evaluator
from fieldstone.records.hidden_members import hide_members, readable_among
from fieldstone.records.inside.told import hide_inside
from fieldstone.records.labels import entity_label
from fieldstone.records.link_history import LinkHistory, Page
from fieldstone.records.rows import TITLE, Values
from fieldstone_rules.types import Ref

LARGEST_PAGE = 500


def history(
    context: Context, entity: str, id_: UUID, *, limit: int = 50, before: int | None = None
) -> list[dict[str, Any]]:
    """The changes of a record, newest first; `before` is the `id` of the last entry of the page before.

    Each has `id`, `version`, `at`, `actor` (a reference), `source`, `note`, `action`, `transition` and
    `changes`: field → [before, after], only of fields that the caller may read in the record as it is now; of
    records in the bin too. Of links that are records it tells who came and who went, on both sides; a link
    that was made by itself gave the record no `version`. Raises `NotFound` if there is no such record, or the
    caller may not read it.
    """
    found, table = find_entity(context, entity), context.database.system.history
    conditions = [table.c.entity == entity, table.c.record == id_]
    conditions += [] if before is None else [table.c.id < before]
    with context.database.read() as connection:
        record = _readable_record(context, connection, found, id_)
        most = min(limit, LARGEST_PAGE)
        entries = _entries(context, connection, sa.and_(*conditions), most)
        told = [_told(found, entry) for entry in entries]
        hide_unreadable(context, connection, found, record, [entry["changes"] for entry in told])
        hide_members(context, connection, found, [entry["changes"] for entry in told])
        links = LinkHistory(context, connection, found, record)
        for moment, changes in links.changes([entry.at for entry in entries]).items():
            next(one for one in told if one["at"] == instant(found, moment))["changes"].update(changes)
        told += [_told(found, entry) for entry in links.alone(Page(before, most))]
        told = sorted(told, key=lambda entry: int(entry["id"]), reverse=True)[:most]
        add_titles(context, connection, _references(context.model, found, told))
    return told


def _readable_record(context: Context, connection: sa.Connection, entity: Entity, id_: UUID) -> Values:
    record = rows.load(connection, context.model, entity, [id_]).get(id_)
    if record is None or not CallerRights(context, entity).may(
        "read", evaluator(context, connection, [record]), record
    ):
        kind = entity_label(entity, context.principal.locale)
        raise NotFound(f"There is no {kind} with the id {id_}, or you may not see it.")
    return record


def _entries(
    context: Context, connection: sa.Connection, which: sa.ColumnElement[bool], limit: int
) -> Sequence[Any]:
    table = context.database.system.history
    statement = sa.select(table).where(which).order_by(table.c.id.desc()).limit(limit)
    return connection.execute(statement).all()


def _told(entity: Entity, entry: Any) -> dict[str, Any]:
    told = {
        name: getattr(entry, name) for name in ("id", "version", "source", "note", "action", "transition")
    }
    at = instant(entity, entry.at)
    actor = {"id": str(entry.actor), "entity": "user"}
    return told | {"at": at, "actor": actor, "changes": dict(entry.changes)}


def instant(entity: Entity, value: datetime) -> str:
    """A point in time as the API writes that of a record's last change."""
    told: str = entity.system["updated_at"].type.api_form(value)
    return told


def hide_unreadable(
    context: Context,
    connection: sa.Connection,
    entity: Entity,
    record: Values,
    changes: Iterable[dict[str, Any]],
) -> None:
    """Take out of `changes` (field → anything) what the caller may not read, or what is no field any more."""
    rights, judge = CallerRights(context, entity), evaluator(context, connection, [record])
    kept: dict[str, bool] = {}
    for change in changes:
        for name in list(change):
            if name not in kept:
                kept[name] = entity.field(name) is not None and rights.may_field("read", name, judge, record)
            if name in entity.lines:
                hide_inside(context, entity, name, change[name])
            elif not kept[name]:
                del change[name]


def _references(model: Model, entity: Entity, told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """All references in entries, to be completed in place."""
    found = []
    for entry in told:
        found.append(entry["actor"])
        found += references_in(model, entity, entry["changes"])
    return found


def references_in(model: Model, entity: Entity, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The references without their titles in what is told of fields of a record: values in the API's form, or
    lists of them, what lives inside the record included. Any JSON may look like a reference, and is none.
    """
    for name, value in values.items():
        field, inside = entity.field(name), entity.lines.get(name)
        if inside is not None:
            for line in _mappings(value):
                yield from references_in(model, model.entities[inside.entity], line)
        elif field is None or not isinstance(field.type, JsonType):
            yield from filter(is_reference, _mappings(value))


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    """The mappings in a value and in its lists."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _mappings(part)


def is_reference(value: Any) -> bool:
    """Whether a value in the API's form is a reference without its title."""
    return isinstance(value, dict) and value.keys() == {"id", "entity"}


def add_titles(context: Context, connection: sa.Connection, references: Sequence[dict[str, Any]]) -> None:
    """Give references their `title`, null where the caller may not read the record; a query per entity."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for reference in references:
        reference["title"] = None
        wanted[reference["entity"]].add(UUID(reference["id"]))
    titles: dict[Ref, str] = {}
    for name, ids in wanted.items():
        titles |= _titles(context, connection, name, ids)
    for reference in references:
        reference["title"] = titles.get(Ref(reference["entity"], UUID(reference["id"])))


def _titles(context: Context, connection: sa.Connection, name: str, ids: set[UUID]) -> dict[Ref, str]:
    found, readable = readable_among(context, connection, name, ids)
    return {Ref(name, id_): found[id_][TITLE] for id_ in readable}
