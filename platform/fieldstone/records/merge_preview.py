"""What refers to records, told before they are merged: all of it will refer to the one that is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.fields.any_reference import AnyReferenceType, entity_column
from fieldstone.model.model import FILE_FIELD, Entity, Field, Link
from fieldstone.records import rows
from fieldstone.records.batch import find_entity
from fieldstone.records.caller_rights import CallerRights
from fieldstone.records.delete_preview import Concerned
from fieldstone.records.environment import evaluator
from fieldstone.records.referrers import CASCADE, CLEAR, RESTRICT, referrers
from fieldstone.records.shape import shape_of
from fieldstone_metadata.names import FILE

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class _Way:
    """A field by which records of an entity refer to others: its own column, or a table of pairs."""

    entity: Entity
    field: Field
    target: sa.ColumnElement[Any]
    link: Link | None = None
    limit: Condition | None = None


def preview_merge(context: Context, entity: str, ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Concerned]]:
    """Record → what refers to it now, counted by field, whether the caller may read that or not.

    Records that are to be merged with it are not counted. Raises `NotFound` if one of them is not there, or
    the caller may not read it. Two statements.
    """
    owner = find_entity(context, entity)
    with context.database.read() as connection:
        _require_readable(context, connection, owner, ids)
        ways = [*_columns(context, owner), *_pairs(context, owner)]
        found: dict[UUID, list[Concerned]] = {id_: [] for id_ in ids}
        selects = [_counting(place, way, ids) for place, way in enumerate(ways)]
        for place, id_, count in connection.execute(sa.union_all(*selects)) if selects else ():
            found[id_].append(Concerned(ways[place].entity, count, ways[place].field))
    return found


def _require_readable(
    context: Context, connection: sa.Connection, owner: Entity, ids: Sequence[UUID]
) -> None:
    found = rows.load(connection, context.model, owner, ids)
    rights, judge = CallerRights(context, owner), evaluator(context, connection, found.values())
    live = [row for row in found.values() if row["deleted_at"] is None and rights.may("read", judge, row)]
    if len(live) < len(set(ids)):
        raise NotFound("One of these records is not there, or you may not see it.")


def _columns(context: Context, owner: Entity) -> Iterator[_Way]:
    for one in referrers(context.model, owner.name, RESTRICT, CLEAR, CASCADE):
        yield _Way(one.entity, one.field, one.column)
    for entity in context.model.entities.values():
        for field in entity.fields.values():
            if isinstance(field.type, AnyReferenceType):
                leads = entity.table.c[entity_column(field.type.key)] == owner.name
                yield _Way(entity, field, entity.table.c[field.type.key], limit=leads)


def _pairs(context: Context, owner: Entity) -> Iterator[_Way]:
    for entity in context.model.entities.values():
        for field in shape_of(entity).links:
            if field.link is not None and field.link.entity == owner.name:
                yield _Way(entity, field, field.link.target, field.link)


def _counting(place: int, way: _Way, ids: Sequence[UUID]) -> sa.Select[Any]:
    """How many live records refer to each, but for files in fields, which stay where they are."""
    table, wanted = way.entity.table, sa.bindparam(None, list(ids), type_=postgresql.ARRAY(sa.Uuid))
    select = sa.select(sa.literal(place), way.target, sa.func.count()).select_from(table)
    if way.link is not None:
        select = select.join(way.link.table, way.link.source == table.c.id)
    select = select.where(way.target == sa.any_(wanted), table.c.deleted_at.is_(None))
    select = select.where(table.c.id != sa.all_(wanted))
    if way.limit is not None:
        select = select.where(way.limit)
    if way.entity.name == FILE:
        select = select.where(table.c[FILE_FIELD].is_(None))
    return select.group_by(way.target)
