"""Until when a record may stay in its state: worked out when it enters the state, kept beside the records.

Nothing happens by itself when the moment comes: it is shown, as due or overdue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert

from fieldstone.access.predicates import clause
from fieldstone.context import Context
from fieldstone.model.model import Entity, Model, Workflow
from fieldstone.model.organisation import organisation_calendar, organisation_zone
from fieldstone.records.batch import Batch, Item, find_entity
from fieldstone.records.request_values import request_values
from fieldstone.records.source import Viewer
from fieldstone.records.statements import Statement, kept
from fieldstone_rules import EvaluationError
from fieldstone_rules.durations import Duration, OutOfRange, add_to_datetime
from fieldstone_rules.working_time import add_to_moment

_RECORDS = "fs_records"


@dataclass(frozen=True)
class Due:
    """Until when a record may stay in its state."""

    state: str
    due_at: datetime
    overdue: bool


def follow_changes(batch: Batch) -> None:
    """After a write: keep until when those records may stay that entered a state.

    Costs a statement or two, and nothing where no state of the entity has a time limit or no record moved.
    """
    workflow = batch.entity.workflow
    if workflow is None or not workflow.time_limits:
        return
    moved = [item for item in batch.items if _moved(item, workflow.field)]
    rows = [row for item in moved if (row := _limit(batch, item, workflow)) is not None]
    table = batch.context.database.system.time_limit
    limited = {row["record"] for row in rows}
    free = [item.id for item in moved if not item.is_new and item.id not in limited]
    if free:
        which = sa.and_(table.c.entity == batch.entity.name, table.c.record.in_(free))
        batch.connection.execute(sa.delete(table).where(which))
    if rows:
        fresh = insert(table)
        newer = {name: fresh.excluded[name] for name in ("state", "entered_at", "due_at")}
        batch.connection.execute(
            fresh.on_conflict_do_update(index_elements=[table.c.entity, table.c.record], set_=newer), rows
        )


def _moved(item: Item, field: str) -> bool:
    return item.is_new or item.old.get(field) != item.new.get(field)


def _limit(batch: Batch, item: Item, workflow: Workflow) -> dict[str, Any] | None:
    """What is kept about a record in its new state; None where it may stay for ever."""
    state = item.new.get(workflow.field)
    rule = workflow.time_limits.get(state or "")
    if rule is None:
        return None
    now = batch.context.now
    try:
        span = batch.wanted.value(rule, item.new, item.old or None)
        due_at = None if span is None else _after(batch.context.model, now, span)
    except (EvaluationError, OutOfRange):
        return None
    about = {"entity": batch.entity.name, "record": item.id, "state": state}
    return None if due_at is None else {**about, "entered_at": now, "due_at": due_at}


def _after(model: Model, moment: datetime, span: Duration) -> datetime:
    """A moment and a length of time after it, by the organisation's calendar and time zone."""
    zone = organisation_zone(model)
    if span.business_days or span.business_seconds:
        return add_to_moment(moment, span, zone, organisation_calendar(model))
    return add_to_datetime(moment, span, zone)


def due(context: Context, entity: str, ids: Sequence[UUID]) -> dict[UUID, Due]:
    """Until when records may stay in their states, with one statement.

    Without those that may stay for ever, and those of which the caller may not read the record or its state.
    Raises NotFound if there is no such entity for the caller.
    """
    found = find_entity(context, entity)
    if found.workflow is None or not found.workflow.time_limits or not ids:
        return {}
    workflow, viewer = found.workflow, Viewer(context.model, context.principal.access_key)
    key = (__name__, viewer.access_key, entity)
    statement = kept(context.model).get(key, lambda: _statement(context, viewer, found, workflow))
    rows = statement.run(context.database, request_values(context, statement, {_RECORDS: list(ids)}))
    records, states = rows.column(0), rows.column(1)
    moments = [datetime.fromtimestamp(float(text), UTC) for text in rows.column(2)]
    return {
        UUID(record.decode()): Due(state.decode(), moment, moment < context.now)
        for record, state, moment in zip(records, states, moments, strict=True)
    }


def _statement(context: Context, viewer: Viewer, entity: Entity, workflow: Workflow) -> Statement:
    table, source = context.database.system.time_limit, entity.table.alias()
    granted = viewer.access(entity.name)
    decisions = (granted.read, granted.field_read(workflow.field))
    rights = [clause(viewer.model, decision, entity.name, source) for decision in decisions]
    wanted = sa.bindparam(_RECORDS, type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
    columns = (table.c.record, table.c.state, sa.cast(sa.extract("epoch", table.c.due_at), sa.Text))
    joined = sa.select(*columns).join(source, source.c.id == table.c.record)
    about = (table.c.entity == entity.name, table.c.record == sa.any_(wanted))
    return Statement(joined.where(*about, *(right for right in rights if right is not None)))
