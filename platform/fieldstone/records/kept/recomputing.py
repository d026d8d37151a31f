"""Computing kept values in the database, and writing those that are not what they were."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import visitors

from fieldstone.context import Context
from fieldstone.database.system import SystemTables
from fieldstone.model.kept_values import KeptValue
from fieldstone.model.model import Model
from fieldstone.model.rule_columns import columns_of, stored_form
from fieldstone.records.environment import environment
from fieldstone.records.rows import Row
from fieldstone_rules import parameters

RECOMPUTE = "recompute"
"""What the outbox calls a change of kept values alone: version, history and `updated_at` stay as they are."""


@dataclass(frozen=True, eq=False)
class _Statement:
    """A statement with the names of the parameters that it takes of the request."""

    statement: sa.Select[Any]
    parameters: frozenset[str]


def recompute(
    context: Context,
    connection: sa.Connection,
    group: Sequence[KeptValue],
    ids: Collection[UUID] | None,
    *,
    told: bool = True,
) -> Sequence[Row]:
    """Compute values of one entity anew for the records `ids`, or all of them (None).

    Gives the rows that changed: `id` and the columns. told: whether the outbox tells of them; of those of all
    records it never does.
    """
    found = _statement(context, group, everywhere=ids is None, told=told and ids is not None)
    given = parameters(environment(context)) | {"at": context.now, "actor": context.principal.user}
    values = {name: given[name] for name in found.parameters if name in given}
    values |= {} if ids is None else {"ids": sorted(ids)}
    return [dict(row) for row in connection.execute(found.statement, values).mappings()]


def _statement(context: Context, group: Sequence[KeptValue], *, everywhere: bool, told: bool) -> _Statement:
    model, system = context.model, context.database.system
    key = (__name__, tuple(kept.key for kept in group), everywhere, told)
    if key not in model.cache:
        statement = _recomputing(model, system if told else None, group, everywhere=everywhere)
        model.cache[key] = _Statement(statement, frozenset(_names(statement)))
    found: _Statement = model.cache[key]
    return found


def _names(statement: sa.Select[Any]) -> Iterator[str]:
    for part in visitors.iterate(statement):
        if isinstance(part, sa.BindParameter) and part.required:
            yield part.key


def _recomputing(
    model: Model, system: SystemTables | None, group: Sequence[KeptValue], *, everywhere: bool
) -> sa.Select[Any]:
    """`WITH fresh …, changed AS (UPDATE … RETURNING …), told … SELECT * FROM changed`."""
    table = model.entities[group[0].entity].table
    fresh = fresh_values(model, group)
    if not everywhere:
        ids = sa.bindparam("ids", type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
        fresh = fresh.where(fresh.selected_columns.id == sa.any_(ids))
    computed = fresh.cte("fresh").prefix_with("MATERIALIZED")
    names = [column.name for column in computed.c if column.name != "id"]
    update = (
        sa.update(table)
        .values({name: computed.c[name] for name in names})
        .where(table.c.id == computed.c.id)
        .where(sa.or_(*(table.c[name].is_distinct_from(computed.c[name]) for name in names)))
        .returning(table.c.id, table.c.version, *(table.c[name] for name in names))
    )
    changed = update.cte("changed")
    result = sa.select(changed)
    return result if system is None else result.add_cte(_telling(system, group[0].entity, changed))


def fresh_values(model: Model, group: Sequence[KeptValue]) -> sa.Select[Any]:
    """The id and the kept columns of an entity's records, computed from scratch."""
    source = model.entities[group[0].entity].table.alias()
    columns = {name: value for kept in group for name, value in columns_of(model, kept, source).items()}
    chosen = (stored_form(source.c[name], value).label(name) for name, value in columns.items())
    return sa.select(source.c.id, *chosen)


def _telling(system: SystemTables, entity: str, changed: sa.CTE) -> sa.CTE:
    """The clause that tells the outbox which records have new values."""
    told: Mapping[str, Any] = {
        "at": sa.bindparam("at", type_=sa.DateTime(timezone=True)),
        "entity": sa.literal(entity, sa.Text),
        "record": changed.c.id,
        "action": sa.literal(RECOMPUTE, sa.Text),
        "version": changed.c.version,
        "actor": sa.bindparam("actor", type_=sa.Uuid()),
    }
    rows = sa.select(*(value.label(name) for name, value in told.items())).select_from(changed)
    return sa.insert(system.outbox).from_select(list(told), rows, include_defaults=False).cte("told")
