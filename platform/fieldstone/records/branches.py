"""All records below or above one in a tree, as a condition of a list: one recursive part of its statement.

The way leads through live records only that the viewer may read, as following references one by one would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fieldstone.access.predicates import clause
from fieldstone.model.model import Entity, Field
from fieldstone.records.source import RecordSource
from fieldstone_rules.types import Ref

Column = sa.ColumnElement[Any]
BELOW, ABOVE = "below", "above"
ROOT = "fs_root"
"""The parameter with the id of the record from which the way leads."""


@dataclass(frozen=True)
class Branch:
    """The records below or above `of` in the tree that its entity's reference `field` makes."""

    field: str
    direction: str
    of: Ref


def tree_fields(entity: Entity) -> Sequence[Field]:
    """The references of an entity that make trees."""
    return [
        f for f in entity.fields.values() if f.declaration.target is not None and f.declaration.target.tree
    ]


def in_branch(record: RecordSource, field: Field, direction: str) -> Column:
    """Whether a record is in the branch of the one given with each run."""
    ways = _below(record, field) if direction == BELOW else _above(record, field)
    return record.column("id").in_(sa.select(ways.c.id))


def _below(record: RecordSource, field: Field) -> sa.CTE:
    first, next_ = record.entity.table.alias(), record.entity.table.alias()
    ways = (
        sa.select(first.c.id)
        .where(first.c[field.name] == _root(), *_seen(record, field, first))
        .cte("branch", recursive=True)
    )
    steps = sa.select(next_.c.id).join(ways, next_.c[field.name] == ways.c.id)
    return ways.union(steps.where(*_seen(record, field, next_)))


def _above(record: RecordSource, field: Field) -> sa.CTE:
    first, next_ = record.entity.table.alias(), record.entity.table.alias()
    ways = (
        sa.select(first.c[field.name].label("id"))
        .where(first.c.id == _root(), *_seen(record, field, first))
        .cte("branch", recursive=True)
    )
    steps = sa.select(next_.c[field.name]).join(ways, next_.c.id == ways.c.id)
    return ways.union(steps.where(*_seen(record, field, next_)))


def _seen(record: RecordSource, field: Field, rows: sa.FromClause) -> list[Column]:
    """The way leads on only from live records that the viewer may read, and whose place the viewer knows."""
    viewer, entity = record.viewer, record.entity.name
    granted = viewer.access(entity)
    decisions = (granted.read, granted.field_read(field.name))
    rights = [clause(viewer.model, decision, entity, rows, live=True) for decision in decisions]
    return [rows.c.deleted_at.is_(None), *(right for right in rights if right is not None)]


def _root() -> sa.BindParameter[Any]:
    return sa.bindparam(ROOT, type_=sa.Uuid())
