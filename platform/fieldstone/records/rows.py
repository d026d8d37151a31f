"""Records as rows: loading and locking many with one statement, and what a row is made of.

A record in Python is a mapping of field name to Python value (`fieldstone_rules.types`), system fields and
`_title` included; fields without columns of their own (unstored formulas, many-to-many) are not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.fields.reference import ReferenceType
from fieldstone.model.kept_values import being_filled
from fieldstone.model.model import Entity, Field, Model
from fieldstone.model.rule_columns import kept_column
from fieldstone.records.shape import shape_of
from fieldstone.records.typed_rows import TypedSelect

Values = dict[str, Any]
Row = Mapping[str, Any]

TITLE, SEARCH = "_title", "_search"


class Lock(Enum):
    """How loaded rows are kept from others until the transaction ends.

    REFERRED: they stay live while somebody refers to them; others may still change them.
    READ: they stay as they are while something kept is computed from them.
    CHANGED: nobody else changes them; new references to them are fine.
    REMOVED: nobody else changes them or begins to refer to them.
    """

    NONE = None
    REFERRED = "referred"
    READ = "read"
    CHANGED = "changed"
    REMOVED = "removed"

    def stronger(self, other: Lock) -> Lock:
        """The one of two that keeps more from others."""
        order = list(Lock)
        return max(self, other, key=order.index)


_SHARED = frozenset({Lock.REFERRED, Lock.READ})
_CHANGING = frozenset({Lock.CHANGED, Lock.REMOVED})
_KEEPING_KEYS = frozenset({Lock.REFERRED, Lock.CHANGED})


def load(
    connection: sa.Connection, model: Model, entity: Entity, ids: Iterable[UUID], lock: Lock = Lock.NONE
) -> dict[UUID, Values]:
    """The records with these ids, those in the recycle bin included, locked in the order of their ids.

    Whoever changes what lives inside other records locks those first, as a save of those does.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    if lock is not Lock.NONE and _is_being_filled(model, entity):
        # What is computed from others must be read after the wait for the lock.
        connection.execute(_locked(entity, lock, sa.select(entity.table.c.id)), {"ids": wanted})
    if entity.parent is not None and lock in _CHANGING:
        for statement in _locking_outside(model, entity):
            connection.execute(statement, {"ids": wanted})
    found = _loading(model, entity, lock).run(connection, {"ids": wanted})
    return {row["id"]: read_row(entity, row) for row in found}


def load_inside(
    connection: sa.Connection, model: Model, entity: Entity, field: str, outside: Sequence[UUID]
) -> list[Values]:
    """The live records that live inside those with the ids `outside`; whoever locks these has locked them."""
    wanted = sa.bindparam(None, list(outside), type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
    table = entity.table
    statement = sa.select(*read_columns(model, entity)).where(table.c[field] == sa.any_(wanted))
    chosen = statement.where(table.c.deleted_at.is_(None)).order_by(table.c.id)
    return [read_row(entity, dict(row)) for row in connection.execute(chosen).mappings()]


def read_row(entity: Entity, row: Row) -> Values:
    """The record that a row of the entity's table holds."""
    shape = shape_of(entity)
    values = {name: row[name] for name in shape.plain}
    for field in shape.converted:
        values[field.name] = field.type.from_row(row)
    values[TITLE] = row[TITLE]
    for key in shape.base_keys:
        values[key] = row[key]
    return values


def to_columns(entity: Entity, values: Row) -> Values:
    """Column name → database value of a whole record but its search text."""
    shape = shape_of(entity)
    columns = {name: values[name] for name in shape.plain}
    for field in shape.converted:
        columns |= field.type.to_row(values[field.name])
    for key in shape.base_keys:
        columns[key] = values[key]
    columns[TITLE] = values[TITLE]
    return columns


def target_column(field: Field, target: str) -> sa.Column[Any]:
    """The column of a reference that names records of the entity `target`."""
    name = field.type.targets[target] if isinstance(field.type, ReferenceType) else field.name
    return next(column for column in field.columns if column.name == name)


def read_columns(model: Model, entity: Entity) -> list[sa.ColumnElement[Any]]:
    """The columns that make a record in Python: all but the search text."""
    names = [column.name for column in entity.table.columns if column.name != SEARCH]
    filling = being_filled(model) if model.filling else {}
    return [
        kept_column(model, entity.name, entity.table, name).label(name)
        if (entity.name, name) in filling
        else entity.table.c[name]
        for name in names
    ]


def _loading(model: Model, entity: Entity, lock: Lock) -> TypedSelect:
    key = (__name__, "load", entity.name, lock)
    if key not in model.cache:
        model.cache[key] = TypedSelect(_build_loading(model, entity, lock))
    statement: TypedSelect = model.cache[key]
    return statement


def _locking_outside(model: Model, entity: Entity) -> Sequence[sa.Select[Any]]:
    """What locks the records around others, the outermost first."""
    key = (__name__, "outside", entity.name)
    if key not in model.cache:
        model.cache[key] = list(reversed(list(_build_locking(model, entity))))
    statements: Sequence[sa.Select[Any]] = model.cache[key]
    return statements


def _build_locking(model: Model, entity: Entity) -> Iterator[sa.Select[Any]]:
    ids = sa.bindparam("ids", type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
    inside, chosen = entity.table, entity.table.c.id == sa.any_(ids)
    for field, around in model.ways_out(entity.name):
        outside = model.entities[around].table
        chosen = outside.c.id.in_(sa.select(inside.c[field]).where(chosen))
        locking = sa.select(outside.c.id).where(chosen).order_by(outside.c.id)
        yield locking.with_for_update(key_share=True)
        inside = outside


def _build_loading(model: Model, entity: Entity, lock: Lock) -> sa.Select[Any]:
    return _locked(entity, lock, sa.select(*read_columns(model, entity)))


def _is_being_filled(model: Model, entity: Entity) -> bool:
    return any(name == entity.name for name, _ in model.filling)


def _locked(entity: Entity, lock: Lock, statement: sa.Select[Any]) -> sa.Select[Any]:
    """The rows with the given ids, locked in their order."""
    ids = sa.bindparam("ids", type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
    statement = statement.where(entity.table.c.id == sa.any_(ids))
    if lock is Lock.NONE:
        return statement
    return statement.order_by(entity.table.c.id).with_for_update(
        read=lock in _SHARED, key_share=lock in _KEEPING_KEYS
    )
