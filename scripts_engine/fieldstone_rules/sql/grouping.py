"""One aggregate of the collections of many records at once: one statement with a GROUP BY over the frames.

See `fieldstone_rules.lifting` for what a frame is.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from fieldstone_rules.gatherable import may_hide_a_value
from fieldstone_rules.lifting import Lifted
from fieldstone_rules.sql.aggregates import COLUMNS, Rows, rows_of, where_of
from fieldstone_rules.sql.frames import NUMBER, frames_of, lowering_over
from fieldstone_rules.sql.scope import Tables
from fieldstone_rules.sql_values import Column
from fieldstone_rules.tree import Aggregate, Gather
from fieldstone_rules.types import Kind


def grouped_statement(lifted: Lifted, tables: Tables) -> sa.Select[Any]:
    """(number of the frame, value, whether a null may be a value out of range), where there are members.

    Other frames have the value of an empty collection.
    """
    node = lifted.node
    assert isinstance(node, Aggregate)
    frames = frames_of(lifted)
    scope, lowering = lowering_over(frames, tables)
    rows = rows_of(lowering, node.collection)
    value, where = COLUMNS[node.gather](rows, node), where_of(rows, node)
    if node.type.kind is Kind.INTEGER and not isinstance(value.type, sa.Integer):
        value = sa.cast(value, sa.BigInteger)
    doubtful = _doubtful(rows, node, value)
    conditions = rows.conditions if where is None else (*rows.conditions, where)
    return (
        sa.select(frames.c[NUMBER], value.label("value"), doubtful.label("doubtful"))
        .select_from(scope.apply(frames), rows.scope.apply(rows.scope.source), *rows.links)
        .where(*conditions)
        .group_by(frames.c[NUMBER])
    )


def _doubtful(rows: Rows, node: Aggregate, value: Column) -> Column:
    """A sum is null only where it is too large; other values where that of a record may be."""
    if node.value is not None and may_hide_a_value(node.value):
        return sa.func.bool_or(rows.lowering.value(node.value).is_(None), type_=sa.Boolean())
    return value.is_(None) if node.gather is Gather.SUM else sa.false()
