"""The last operations of the caller: how many records each concerned, and whether it was taken back since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.context import Context
from fieldstone.records import operations
from fieldstone.records.history import add_titles
from fieldstone.records.journal import DELETE
from fieldstone.records.operations import Operation

MOST_COUNTED = 1_000


@dataclass(frozen=True)
class Recent:
    """An operation that changed records.

    changed: how many of its entity; deleted: how many of these it moved to the recycle bin; more: whether
    these are only the first ones, as not everything is counted. undone: whether it was taken back last.
    latest: by what that is changed again: the operation itself, or its last undo; None where that is final.
    """

    operation: Operation
    changed: int
    deleted: int
    more: bool
    undone: bool
    latest: UUID | None


def recent_operations(
    context: Context, most: int, only: UUID | None = None, before: UUID | None = None
) -> list[Recent]:
    """The caller's last operations, newest first, without undos; for an administrator, everybody's.

    Those that changed nothing are left out. only: this one, if it is the caller's. before: only those older
    than this one. One statement.
    """
    roots = _roots(context, most, only, before)
    with context.database.read() as connection:
        return [_recent(row) for row in connection.execute(_statement(context, roots)).mappings()]


def operators(context: Context, found: Iterable[Operation]) -> dict[UUID, dict[str, Any]]:
    """Who did them, by id: a reference each, with a title where the caller may see the user."""
    people = {one.actor: {"id": str(one.actor), "entity": "user"} for one in found}
    with context.database.read() as connection:
        add_titles(context, connection, list(people.values()))
    return people


def _recent(row: Any) -> Recent:
    operation = Operation(**{name: row[name] for name in Operation.__dataclass_fields__})
    undone = row["depth"] % 2 == 1
    final = undone and operation.action == operations.MERGE
    counts = {name: row[name] for name in ("changed", "deleted", "more")}
    return Recent(operation, **counts, undone=undone, latest=None if final else row["latest"])


def _statement(context: Context, roots: sa.CTE) -> sa.Select[Any]:
    latest, counted = _latest(context, roots), _counted(context, roots)
    counts = (counted.c.changed, counted.c.deleted, counted.c.more)
    return (
        sa.select(roots, latest.c.id.label("latest"), latest.c.depth, *counts)
        .join(latest, latest.c.root == roots.c.id)
        .join(counted, counted.c.root == roots.c.id)
        .order_by(roots.c.id.desc())
    )


def _roots(context: Context, most: int, only: UUID | None, before: UUID | None) -> sa.CTE:
    table = context.database.system.operation
    chosen = sa.select(table).where(table.c.undoes.is_(None), *operations.seen_by(context.principal, table))
    if only is not None:
        chosen = chosen.where(table.c.id == only)
    if before is not None:
        chosen = chosen.where(table.c.id < before)
    # Ids are made in the order of time, and have the index.
    return chosen.where(_touches(context, table)).order_by(table.c.id.desc()).limit(most).cte("roots")


def _touches(context: Context, operation: sa.Table) -> sa.ColumnElement[bool]:
    """Whether it changed anything."""
    history = context.database.system.history
    return sa.exists().where(history.c.operation == operation.c.id)


def _latest(context: Context, roots: sa.CTE) -> sa.Subquery:
    """What was done last about each: itself, or an undo of it, or of that, and so on.

    An undo that found nothing to take back, or was refused everything, did nothing.
    """
    table = context.database.system.operation
    start = sa.select(roots.c.id.label("root"), roots.c.id, sa.literal(0).label("depth"))
    chain = start.cte("chain", recursive=True)
    step = sa.select(chain.c.root, table.c.id, chain.c.depth + 1).where(_touches(context, table))
    chain = chain.union_all(step.join(chain, table.c.undoes == chain.c.id))
    newest = sa.select(chain).ext(postgresql.distinct_on(chain.c.root))
    return newest.order_by(chain.c.root, chain.c.id.desc()).subquery("latest")


def _counted(context: Context, roots: sa.CTE) -> sa.Subquery:
    """How many records of its entity each changed by itself, and deleted, among its first entries."""
    history = context.database.system.history
    first = (
        sa.select(history.c.record, (history.c.action == DELETE).label("gone"))
        .where(history.c.operation == roots.c.id, history.c.entity == roots.c.entity)
        .where(history.c.cause.is_(None))
        .order_by(history.c.id)
        .limit(MOST_COUNTED)
        .lateral("first")
    )
    record = sa.distinct(first.c.record)
    columns = (
        roots.c.id.label("root"),
        sa.func.count(record).label("changed"),
        sa.func.count(record).filter(first.c.gone).label("deleted"),
        (sa.func.count() == MOST_COUNTED).label("more"),
    )
    return sa.select(*columns).join(first, sa.true()).group_by(roots.c.id).subquery("counted")
