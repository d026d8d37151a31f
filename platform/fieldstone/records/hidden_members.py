"""Changes of many-to-many fields tell only of records that the reader may read, as the fields do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.fields.references import ReferencesType
from fieldstone.model.model import Entity, Model
from fieldstone.records import rows
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.environment import evaluator
from fieldstone.records.rows import Values
from fieldstone_rules.types import Ref

Told = dict[str, Any]


def hide_members(
    context: Context, connection: sa.Connection, entity: Entity, changes: Sequence[Told]
) -> None:
    """Leave out of many-to-many fields in `changes` (field → [before, after]), and of those of what lives
    inside the record, the records that the caller may not read; what is the same then is no change for the
    caller.
    """
    pairs = [[{name: value[side] for name, value in change.items()} for side in (0, 1)] for change in changes]
    members = [found for pair in pairs for side in pair for found in _members(context.model, entity, side)]
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for one in (one for found in members for one in found):
        wanted[one["entity"]].add(UUID(one["id"]))
    hidden = {ref for kind, ids in wanted.items() for ref in _unreadable(context, connection, kind, ids)}
    for found in members if hidden else ():
        found[:] = [one for one in found if Ref(one["entity"], UUID(one["id"])) not in hidden]
    for change, (before, after) in zip(changes, pairs, strict=True) if hidden else ():
        _forget_same(context.model, entity, before, after)
        for name in [name for name in change if name not in before and name not in after]:
            del change[name]


def _members(model: Model, entity: Entity, values: Told) -> Iterator[list[Told]]:
    """The lists of records in many-to-many fields of a record, and of what lives inside it."""
    for name, value in values.items():
        field, inside = entity.field(name), entity.lines.get(name)
        if inside is not None:
            for line in value or ():
                yield from _members(model, model.entities[inside.entity], line)
        elif field is not None and isinstance(field.type, ReferencesType) and value:
            yield value


def _forget_same(model: Model, entity: Entity, before: Told, after: Told) -> None:
    """Take out of both what is told of a record the many-to-many fields that are the same, and those of what
    lives inside it.
    """
    for name in before.keys() & after.keys():
        field, inside = entity.field(name), entity.lines.get(name)
        if inside is not None:
            _forget_same_lines(model, model.entities[inside.entity], before, after, name)
            continue
        many = field is not None and isinstance(field.type, ReferencesType)
        if many and (before[name] or None) == (after[name] or None):
            del before[name], after[name]


def _forget_same_lines(model: Model, entity: Entity, before: Told, after: Told, name: str) -> None:
    was: Mapping[str, Told] = {line["id"]: line for line in before[name] or ()}
    for line in list(after[name] or ()):
        other = was.get(line["id"])
        told = line.keys() != {"id"}
        if other is not None and told:
            _forget_same(model, entity, other, line)
            if line.keys() == other.keys() == {"id"}:
                before[name].remove(other)
                after[name].remove(line)
    if not before[name] and not after[name]:
        del before[name], after[name]


def _unreadable(context: Context, connection: sa.Connection, name: str, ids: set[UUID]) -> set[Ref]:
    """Those of some records that are there, be it in the bin, and that the caller may not read."""
    found, readable = readable_among(context, connection, name, ids)
    return {Ref(name, id_) for id_ in found.keys() - readable}


def readable_among(
    context: Context, connection: sa.Connection, name: str, ids: set[UUID]
) -> tuple[dict[UUID, Values], set[UUID]]:
    """Those of some records that are there, be it in the bin, and the ids of those the caller may read."""
    entity = context.model.entities.get(name)
    if entity is None:
        return {}, set()
    found = rows.load(connection, context.model, entity, ids)
    rights, judge = CallerRights(context, entity), evaluator(context, connection, found.values())
    return found, {id_ for id_, row in found.items() if rights.may("read", judge, row)}
