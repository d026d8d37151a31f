"""Reading one record with one statement."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone import exact_json
from fieldstone.access.predicates import joined_clause
from fieldstone.context import Context
from fieldstone.errors import NotFound
from fieldstone.model.model import Entity
from fieldstone.records import past
from fieldstone.records.filters import system_scope
from fieldstone.records.names import entity_named, record_id
from fieldstone.records.output import chosen_fields, record_json
from fieldstone.records.past_questions import known_then
from fieldstone.records.request_values import request_values
from fieldstone.records.source import Joins, RecordSource, Viewer
from fieldstone.records.statements import Statement, kept

_ID, _IDS = "fs_id", "fs_ids"


def get_json(
    context: Context,
    entity: str,
    id_: str | UUID,
    fields: Sequence[str] | None = None,
    *,
    deleted: bool = False,
) -> tuple[bytes, int]:
    """One record as JSON, and its version.

    fields: paths to show, None for all that the caller may read, with what lives inside the record.
    deleted: look in the recycle bin, for which the right to delete is needed as well.

    Raises:
        NotFound: if there is no such entity, or no such record that the caller may read.
        Malformed: if the id is no UUID or a field is unknown.
    """
    found = entity_named(context.model, entity)
    identity = record_id(id_)
    viewer = Viewer(context.model, context.principal.access_key)
    if viewer.access(entity).read.constant is False:
        raise NotFound(f"There is no {entity} {identity}, or you may not see it.")
    chosen = None if fields is None else tuple(fields)
    key = ("get", viewer.access_key, entity, chosen, deleted)
    statement = kept(context.model).get(key, lambda: _statement(viewer, found, chosen, deleted=deleted))
    values = request_values(context, statement, {_ID: identity})
    rows = statement.run(context.database, values)
    if not len(rows):
        raise NotFound(f"There is no {entity} {identity}, or you may not see it.")
    return rows.at(0, 0) or b"", int(rows.at(0, 1) or 0)


def get_then_json(
    context: Context, entity: str, id_: str | UUID, at: datetime, fields: Sequence[str] | None = None
) -> bytes:
    """One record as it was at an instant, as JSON: what the caller may read now, as far as it is known.

    Raises:
        NotFound: if there is no such record that the caller may read, or it was not there at that instant.
        Malformed: if the id is no UUID or a field is unknown, now or of then.
    """
    found = entity_named(context.model, entity)
    identity = record_id(id_)
    viewer = Viewer(context.model, context.principal.access_key)
    chosen = None if fields is None else tuple(fields)
    key = ("get then", viewer.access_key, entity, chosen)
    statement = kept(context.model).get(key, lambda: _statement_then(viewer, found, chosen))
    values = request_values(context, statement, {_ID: identity, past.AT: past.instant_text(at)})
    rows = statement.run(context.database, values)
    if not len(rows):
        raise NotFound(f"There was no {entity} {identity} then, or you may not see it.")
    return rows.at(0, 0) or b""


def _statement_then(viewer: Viewer, entity: Entity, fields: Sequence[str] | None) -> Statement:
    wanted = sa.bindparam(_ID, type_=sa.Uuid())
    record = past.past_source(viewer, entity, wanted)
    chosen = chosen_fields(viewer, entity, fields, deleted=False)
    item = record_json(record, known_then(entity, chosen, named=fields is not None))
    return Statement(sa.select(item).select_from(record.joins.apply(record.rows)))


def get(
    context: Context,
    entity: str,
    id_: str | UUID,
    fields: Sequence[str] | None = None,
    *,
    deleted: bool = False,
) -> dict[str, Any]:
    """The same as values. Raises as `get_json`."""
    record: dict[str, Any] = exact_json.loads(get_json(context, entity, id_, fields, deleted=deleted)[0])
    return record


def get_many_json(context: Context, entity: Entity, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """Those of some live records that the caller may read, as JSON, by their ids; one statement."""
    viewer = Viewer(context.model, context.principal.access_key)
    key = ("get many", viewer.access_key, entity.name)
    build = functools.partial(_statement, viewer, entity, None, deleted=False, many=True)
    statement = kept(context.model).get(key, build)
    rows = statement.run(context.database, request_values(context, statement, {_IDS: list(ids)}))
    return {UUID((rows.at(row, 2) or b"").decode()): rows.at(row, 0) or b"" for row in range(len(rows))}


def _statement(
    viewer: Viewer, entity: Entity, fields: Sequence[str] | None, *, deleted: bool, many: bool = False
) -> Statement:
    table = entity.table.alias()
    record = RecordSource(viewer, entity, table, Joins())
    item = record_json(record, chosen_fields(viewer, entity, fields, deleted=deleted, nested=True))
    granted = viewer.access(entity.name)
    scope = system_scope(viewer, entity.name, table, live=not deleted)
    decisions = (granted.read, granted.delete) if deleted else (granted.read,)
    rights = [joined_clause(viewer.model, decision, scope) for decision in decisions]
    source = record.joins.apply(scope.apply(table))
    columns = [item, *(sa.cast(column, sa.Text) for column in (table.c.version, table.c.id))]
    select = sa.select(*columns).select_from(source)
    binned = table.c.deleted_at.is_not(None) if deleted else table.c.deleted_at.is_(None)
    wanted = table.c.id == (sa.any_(_many_ids()) if many else sa.bindparam(_ID, type_=sa.Uuid()))
    return Statement(select.where(wanted, binned, *(right for right in rights if right is not None)))


def _many_ids() -> sa.BindParameter[Any]:
    return sa.bindparam(_IDS, type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
