"""The indexes of an entity's table: what was asked for, and what lists, references and the search need.

An index that a list can walk ends with the id, which every order ends with. Live records are far more than
deleted ones, so only unique indexes and the one of the recycle bin are partial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import sqlalchemy as sa

from fieldstone.fields import FieldType, identifier
from fieldstone.fields.money import BASE
from fieldstone.model import sameness
from fieldstone.model.ordering import directed, parse_key
from fieldstone.model.system_fields import SEARCH
from fieldstone_metadata import declarations

Column = sa.ColumnElement[Any]


@dataclass(frozen=True)
class TableSource:
    """The table itself as the source of a sort key. What needs another table has no place in an index."""

    table: sa.Table

    def column(self, name: str) -> Column:
        return self.table.c[name]

    def reference(self, targets: Mapping[str, Column]) -> Column:
        raise NotInTable(targets)

    def any_reference(self, field: str) -> Column:
        raise NotInTable(field)

    def title(self, targets: Mapping[str, Column]) -> Column:
        raise NotInTable(targets)

    def linked(self, field: str) -> Column:
        raise NotInTable(field)

    def file(self, key: Column) -> Column:
        raise NotInTable(key)

    def files(self, field: str) -> Column:
        raise NotInTable(field)

    def formula(self, field: str) -> Column:
        raise NotInTable(field)

    def formula_amount(self, field: str) -> Column:
        raise NotInTable(field)


class NotInTable(Exception):
    """A sort key reads more than the table."""


def add_indexes(table: sa.Table, entity: declarations.Entity, types: Mapping[str, FieldType]) -> None:
    """Attach all indexes of `entity` to its table."""
    _unique_indexes(table, entity)
    _requested_indexes(table, entity, types)
    _reference_indexes(table)
    _order_index(table, entity, types)
    _duplicate_indexes(table, entity)
    sa.Index(
        _name("ix", table, "deleted_at"), table.c.deleted_at, postgresql_where=table.c.deleted_at.is_not(None)
    )
    trigrams = {SEARCH: "gin_trgm_ops"}
    sa.Index(_name("ix", table, SEARCH), table.c[SEARCH], postgresql_using="gin", postgresql_ops=trigrams)


def _unique_indexes(table: sa.Table, entity: declarations.Entity) -> None:
    single = [(name,) for name, field in entity.fields.items() if field.unique]
    for fields in dict.fromkeys((*single, *entity.unique)):
        for columns in product(*(_identity_columns(table, name) for name in fields)):
            name = _name("ux", table, *(column.name for column in columns))
            live = table.c.deleted_at.is_(None)
            sa.Index(name, *columns, unique=True, postgresql_where=live, info={"fields": fields})


def _identity_columns(table: sa.Table, field: str) -> list[sa.Column[Any]]:
    """The columns of which one tells the field's value: several only for a reference with several targets."""
    return [
        c
        for c in table.columns
        if c.name == field or (c.name.startswith(f"{field}__") and not c.name.endswith(BASE))
    ]


def _requested_indexes(table: sa.Table, entity: declarations.Entity, types: Mapping[str, FieldType]) -> None:
    for name, field in entity.fields.items():
        if field.index:
            _field_indexes(table, name, types[name])
    for fields in entity.indexes:
        columns = [column for name in fields for column in _identity_columns(table, name)]
        _add(table, _name("ix", table, *(column.name for column in columns)), columns)


def _field_indexes(table: sa.Table, name: str, field_type: FieldType) -> None:
    columns = _identity_columns(table, name)
    sort = _sort_key(table, field_type)
    plain = len(columns) == 1 and sort is columns[0]
    _add(table, _name("ix", table, name), [*columns, table.c.id] if plain else columns)
    if sort is not None and not plain:
        _add(table, _name("ix", table, name, "order"), [sort, table.c.id])


def _reference_indexes(table: sa.Table) -> None:
    for column in table.columns:
        if column.foreign_keys and column.name not in {"created_by", "updated_by"}:
            _add(table, _name("ix", table, column.name), [column])


def _order_index(table: sa.Table, entity: declarations.Entity, types: Mapping[str, FieldType]) -> None:
    """The index along the entity's own order.

    Lists read records with and without the first key apart (see `records.keyset`), so its nulls may lie where
    PostgreSQL puts them; and a single key is read in either direction.
    """
    keys = [parse_key(text) for text in entity.order]
    sorts = [_sort_key(table, types[key.path[0]]) if len(key.path) == 1 else None for key in keys]
    found = [(sort, key.descending) for sort, key in zip(sorts, keys, strict=True) if sort is not None]
    if not found or len(found) < len(keys):
        return
    if len(found) == 1:
        _add(table, _name("ix", table, "order"), [found[0][0], table.c.id])
        return
    terms = [
        directed(sort, descending=descending, nullable=bool(place) and _may_be_null(sort))
        for place, (sort, descending) in enumerate(found)
    ]
    sa.Index(_name("ix", table, "order"), *terms, table.c.id.desc() if found[-1][1] else table.c.id)


def _duplicate_indexes(table: sa.Table, entity: declarations.Entity) -> None:
    for rule in entity.duplicates:
        columns = [column for name in rule.match for column in _identity_columns(table, name)]
        terms = [sameness.compared(column, isinstance(column.type, sa.Text)) for column in columns]
        live = table.c.deleted_at.is_(None)
        sa.Index(_name("ix", table, "same", rule.name), *terms, postgresql_where=live)


def _may_be_null(sort: Column) -> bool:
    return bool(sort.nullable) if isinstance(sort, sa.Column) else True


def _sort_key(table: sa.Table, field_type: FieldType) -> Column | None:
    try:
        return field_type.sort_sql(TableSource(table))
    except NotInTable:
        return None


def _add(table: sa.Table, name: str, columns: Sequence[Column]) -> None:
    """An index over `columns`, unless there is one that begins with them."""
    if columns and not any(_begins_with(index, columns) for index in table.indexes):
        sa.Index(name, *columns)


def _begins_with(index: sa.Index, columns: Sequence[Column]) -> bool:
    partial = index.dialect_options["postgresql"]["where"] is not None
    leading = [str(column) for column in index.expressions][: len(columns)]
    return not partial and leading == [str(column) for column in columns]


def _name(kind: str, table: sa.Table, *parts: str) -> str:
    return identifier(f"{kind}_{table.name}", *parts)
