"""One statement for many records: over a table of frames that a single JSON parameter brings along.

See `fieldstone_rules.lifting` for what a frame is.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone_rules.lifting import FRAME, Lifted
from fieldstone_rules.sql.aggregates import ids_of
from fieldstone_rules.sql.conditions import READINGS
from fieldstone_rules.sql.constants import sql_type
from fieldstone_rules.sql.lowering import Lowering, Place
from fieldstone_rules.sql.scope import Pairs, SqlScope, Tables
from fieldstone_rules.sql_values import Column
from fieldstone_rules.tree import Collection
from fieldstone_rules.types import Kind

FRAMES = "fs_frames"
"""The bind parameter: a JSON list of objects with the number of the frame as `n` and the inputs."""

NUMBER = "n"


class _FrameTables:
    """The tables of the platform, and the table of frames."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def table(self, entity: str) -> sa.FromClause:
        """The table of an entity."""
        return self._tables.table(entity)

    def column(self, source: sa.FromClause, entity: str, field: str) -> Column:
        """A field, or an input of a frame."""
        return source.c[field] if entity == FRAME else self._tables.column(source, entity, field)

    def target(self, source: sa.FromClause, entity: str, field: str, target: str) -> Column:
        """The id in a reference; an input names records of one kind."""
        return source.c[field] if entity == FRAME else self._tables.target(source, entity, field, target)

    def link(self, entity: str, field: str, ended: Column | None = None) -> Pairs:
        """The pairs of a many-to-many."""
        return self._tables.link(entity, field, ended)

    def readable(self, source: sa.FromClause, entity: str, field: str | None) -> Column | None:
        """The viewer's right; a frame is no secret."""
        return None if entity == FRAME else self._tables.readable(source, entity, field)


def values_statement(lifted: Lifted, tables: Tables) -> sa.Select[Any]:
    """(number of the frame, value) for all frames."""
    frames = frames_of(lifted)
    scope, lowering = lowering_over(frames, tables)
    value = lowering.value(lifted.node)
    if lifted.node.type.kind is Kind.INTEGER and not isinstance(value.type, sa.Integer):
        value = sa.cast(value, sa.BigInteger)
    return sa.select(frames.c[NUMBER], value.label("value")).select_from(scope.apply(frames))


def ids_statement(lifted: Lifted, tables: Tables) -> tuple[sa.FromClause, sa.FromClause]:
    """The frames, and beside each the ids (`id`) of the records in its collection."""
    assert isinstance(lifted.node, Collection)
    frames = frames_of(lifted)
    _, lowering = lowering_over(frames, tables)
    return frames, ids_of(lowering, lifted.node).lateral("chosen")


def lowering_over(frames: sa.FromClause, tables: Tables) -> tuple[SqlScope, Lowering]:
    """What lowers the parts of a lifted tree, and the scope of the frames."""
    scope = SqlScope(_FrameTables(tables), FRAME, frames)
    return scope, Lowering(READINGS, {FRAME: Place(scope, ())})


def frames_of(lifted: Lifted) -> sa.FromClause:
    """The table of frames."""
    columns = [sa.column(one.name, sql_type(one.node.type)) for one in lifted.inputs]
    written = sa.cast(sa.bindparam(FRAMES, type_=sa.Text), postgresql.JSON)
    table = sa.func.json_to_recordset(written).table_valued(sa.column(NUMBER, sa.Integer), *columns)
    return table.render_derived(name="frames", with_types=True)
