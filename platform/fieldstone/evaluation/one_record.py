"""A database that holds one record: what a statement sees when an expression is evaluated by itself.

The record is a row of constants. Every other table is empty, but has its columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from fieldstone_rules import Duration, Expression, FieldSchema, Kind, Ref, Row, Schema, SqlScope, Type, lower
from fieldstone_rules.schema import BASE_SUFFIX
from fieldstone_rules.sql.constants import interval_text, sql_type
from fieldstone_rules.types import simple

Column = sa.ColumnElement[Any]
Reads = frozenset[tuple[str, str]]

_ALWAYS: Mapping[str, Type] = {"id": simple(Kind.TEXT), "deleted_at": simple(Kind.DATETIME)}
_COLLECTION = Type(Kind.COLLECTION)
"""What is read without being a field, such as an inverse."""


def statement(expression: Expression, schema: Schema, record: Row | None) -> sa.Select[Any]:
    """A statement whose one value is that of the expression for the record."""
    tables = OneRecord(schema, expression.reads)
    entity = expression.scope.entity
    source = _one_row([sa.literal_column("1").label("one")])
    if entity is not None and record is not None:
        source = _one_row(tables.columns_with(entity, record))
    scope = SqlScope(tables, entity or "", source)
    value = lower(expression, scope)
    return sa.select(value.label("value")).select_from(scope.apply(source))


def _one_row(columns: Iterable[Any]) -> sa.FromClause:
    return sa.select(*columns).subquery("at_hand")


class OneRecord:
    """The tables of a schema, each without rows and with the columns that an expression reads."""

    def __init__(self, schema: Schema, reads: Reads) -> None:
        self._schema = schema
        self._reads = reads

    def columns_with(self, entity: str, record: Row) -> Iterator[Column]:
        """The columns of a record as constants."""
        for field in self._fields(entity):
            for name, target in _column_names(field).items():
                yield _typed(field, _stored(record.get(field.name), target)).label(name)

    def table(self, entity: str) -> sa.FromClause:
        """The empty table of an entity."""
        columns = [
            _typed(field, None).label(name) for field in self._fields(entity) for name in _column_names(field)
        ]
        return sa.select(*columns).where(sa.false()).cte(f"no_{entity}")

    def column(self, source: sa.FromClause, entity: str, field: str) -> Column:
        """A field of an alias of a table."""
        columns = [source.c[name] for name in _column_names(self._field(entity, field))]
        return columns[0] if len(columns) == 1 else sa.func.coalesce(*columns, type_=sa.Uuid())

    def target(self, source: sa.FromClause, entity: str, field: str, target: str) -> Column:
        """The id in a reference, where it names a record of `target`."""
        names = _column_names(self._field(entity, field))
        return source.c[next(name for name, entity in names.items() if entity in (target, None))]

    def link(self, entity: str, field: str) -> tuple[sa.FromClause, Column, Column]:  # noqa: ARG002 - all are alike
        """An empty link table."""
        nothing = sa.cast(sa.null(), sa.Uuid)
        empty = sa.select(nothing.label("one"), nothing.label("other")).where(sa.false()).cte("no_links")
        return empty, empty.c.one, empty.c.other

    def readable(self, source: sa.FromClause, entity: str, field: str | None) -> Column | None:  # noqa: ARG002 - likewise
        """No restriction."""
        return None

    def _fields(self, entity: str) -> Iterator[FieldSchema]:
        """The fields that have columns, as far as they are read."""
        names = {name for of, name in self._reads if of == entity} | _ALWAYS.keys()
        for name in sorted(names):
            field = self._field(entity, name)
            if field.expression is None and field.type.kind is not Kind.COLLECTION:
                yield field

    def _field(self, entity: str, name: str) -> FieldSchema:
        found = self._schema.entity(entity)
        known = found.fields.get(name) if found is not None else None
        if known is None and name.endswith(BASE_SUFFIX):
            return FieldSchema(name, simple(Kind.MONEY))
        return known or FieldSchema(name, _ALWAYS.get(name, _COLLECTION))


def _column_names(field: FieldSchema) -> Mapping[str, str | None]:
    """The columns of a field; of a reference to several kinds, one for each: column → entity."""
    entities = field.type.entities
    return (
        {f"{field.name}__{entity}": entity for entity in entities}
        if len(entities) > 1
        else {field.name: None}
    )


def _typed(field: FieldSchema, value: Any) -> Column:
    """A constant with the type that the field's column has."""
    type_ = sa.Uuid() if field.name == "id" else sql_type(field.type)
    if isinstance(value, Duration):
        value = sa.literal(interval_text(value), sa.Text)
    column: Column = sa.cast(sa.null() if value is None else value, type_)
    return column.collate("C") if isinstance(type_, sa.Text) else column


def _stored(value: Any, target: str | None) -> Any:
    """A value as a column of the field holds it; target: the kind of records whose ids the column has."""
    if isinstance(value, Ref):
        return value.id if target in (None, value.entity) else None
    return [_stored(item, None) for item in value] if isinstance(value, tuple) else value
