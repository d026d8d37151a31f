"""How long a record stayed in the states of its workflow, from its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.predicates import clause
from fieldstone.context import Context
from fieldstone.model.model import Entity, Workflow
from fieldstone.records.batch import find_entity
from fieldstone.records.request_values import request_values
from fieldstone.records.source import Viewer
from fieldstone.records.statements import Statement, kept

_RECORD = "fs_record"


@dataclass(frozen=True)
class Stay:
    """A time in one state. until: None while it lasts."""

    state: str
    since: datetime
    until: datetime | None = None


def stays(context: Context, entity: str, id_: UUID) -> list[Stay]:
    """The states that a record was in, oldest first, with one statement.

    Empty without a workflow, without a history, and for whoever may not read the record or its state. Raises
    NotFound if there is no such entity for the caller.
    """
    found = find_entity(context, entity)
    if found.workflow is None or not found.declaration.track:
        return []
    workflow, viewer = found.workflow, Viewer(context.model, context.principal.access_key)
    key = (__name__, viewer.access_key, entity)
    statement = kept(context.model).get(key, lambda: _statement(context, viewer, found, workflow))
    rows = statement.run(context.database, request_values(context, statement, {_RECORD: id_}))
    states = [state.decode() for state in rows.column(0)]
    moments = [datetime.fromtimestamp(float(moment), UTC) for moment in rows.column(1)]
    return [Stay(*stay) for stay in zip(states, moments, [*moments, None][1:], strict=True)]


def _statement(context: Context, viewer: Viewer, entity: Entity, workflow: Workflow) -> Statement:
    table, source = context.database.system.history, entity.table.alias()
    granted = viewer.access(entity.name)
    decisions = (granted.read, granted.field_read(workflow.field))
    rights = [clause(viewer.model, decision, entity.name, source) for decision in decisions]
    wanted = sa.bindparam(_RECORD, type_=sa.Uuid())
    readable = sa.exists().where(source.c.id == wanted, *(right for right in rights if right is not None))
    after = table.c.changes[workflow.field][1].astext
    select = sa.select(after, sa.cast(sa.extract("epoch", table.c.at), sa.Text)).where(
        table.c.entity == entity.name, table.c.record == wanted, after.is_not(None), readable
    )
    return Statement(select.order_by(table.c.id))
