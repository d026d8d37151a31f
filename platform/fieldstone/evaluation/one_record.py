"""A database that holds one record: what a statement sees when an expression is evaluated by itself.

The record is a row of parameters, so that one statement serves all records of an expression. Every other
table is empty, but has its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, psycopg
from sqlalchemy.sql.compiler import ExpandedState

from fieldstone.fields.intervals import write_duration_sql
from fieldstone_rules import (
    Duration,
    Expression,
    FieldSchema,
    Kind,
    Pairs,
    Ref,
    Row,
    Schema,
    SqlScope,
    Type,
    lower,
)
from fieldstone_rules.schema import BASE_SUFFIX
from fieldstone_rules.sql.constants import interval_text, sql_type
from fieldstone_rules.types import simple

Column = sa.ColumnElement[Any]
Reads = frozenset[tuple[str, str]]

AT_HAND = "at_hand"
OF_THE_REQUEST = "fs_"
"""How the parameters of the request begin, which are the same for all statements."""

_DIALECT: sa.Dialect = psycopg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap
_ALWAYS: Mapping[str, Type] = {"id": simple(Kind.TEXT), "deleted_at": simple(Kind.DATETIME)}
_COLLECTION = Type(Kind.COLLECTION)
"""What is read without being a field, such as an inverse."""


@dataclass(frozen=True, eq=False)
class Query:
    """A compiled statement whose one value is that of an expression for a record.

    sql: with parameters `%(name)s`. constants: values of those that belong to the expression.
    inputs: parameter → its value, of the record.
    """

    sql: str
    constants: Mapping[str, Any]
    inputs: Mapping[str, Callable[[Row], Any]]

    def parameters(self, record: Row | None) -> dict[str, Any]:
        """All values but those of the request, which begin with `fs_`."""
        return {**self.constants, **{name: read(record or {}) for name, read in self.inputs.items()}}


def query(expression: Expression, schema: Schema) -> Query:
    """The statement for an expression."""
    tables = OneRecord(schema, expression.reads)
    entity = expression.scope.entity
    columns = list(tables.columns_of(entity)) if entity is not None else []
    source = sa.table(AT_HAND, *(sa.column(one.name, one.type) for one in columns))
    scope = SqlScope(tables, entity or "", source)
    statement = sa.select(lower(expression, scope).label("value")).select_from(scope.apply(source))
    if expression.type.kind is Kind.DURATION:
        statement = _written(statement)
    compiled = statement.compile(dialect=_DIALECT)
    known = compiled.construct_expanded_state({name: None for name in compiled.binds if _is_shared(name)})
    row = ", ".join(one.sql for one in columns) or "1 AS one"
    return Query(
        sql=_with_row(row, known.statement),
        constants=dict(_constants(known)),
        inputs={one.parameter: one.read for one in columns},
    )


def _written(statement: sa.Select[Any]) -> sa.Select[Any]:
    """A duration as ISO 8601: the driver would make days of its months."""
    found = statement.subquery("found")
    return sa.select(write_duration_sql(found.c.value).label("value"))


def _with_row(row: str, statement: str) -> str:
    """A statement that sees the record at hand beside the empty tables."""
    tables = statement.removeprefix("WITH ")
    separator = " " if tables == statement else ", "
    return f"WITH {AT_HAND} AS (SELECT {row}){separator}{tables}"


def _constants(compiled: ExpandedState) -> Iterator[tuple[str, Any]]:
    """The parameters that an expression brings along, as the driver takes them."""
    for name, value in compiled.parameters.items():
        convert = compiled.processors.get(name)
        if not _is_shared(name):
            yield name, value if convert is None else convert(value)


def _is_shared(parameter: str) -> bool:
    return parameter.startswith(OF_THE_REQUEST)


@dataclass(frozen=True)
class _Given:
    """A column of the record at hand. target: the kind of records whose ids it has."""

    name: str
    field: str
    type: sa.types.TypeEngine[Any]
    written: str
    target: str | None

    @property
    def parameter(self) -> str:
        """The parameter that holds its value."""
        return f"record_{self.name}"

    @property
    def sql(self) -> str:
        """The column in the row of the record."""
        collation = ' COLLATE "C"' if isinstance(self.type, sa.Text) else ""
        return f'CAST(%({self.parameter})s AS {self.written}){collation} AS "{self.name}"'

    def read(self, record: Row) -> Any:
        """What a record has in it, as the driver takes it."""
        value = record.get(self.field)
        if isinstance(self.type, JSONB) and value is not None:
            return orjson.dumps(value).decode()
        return _stored(value, self.target)


class OneRecord:
    """The tables of a schema, each without rows and with the columns that an expression reads."""

    def __init__(self, schema: Schema, reads: Reads) -> None:
        self._schema = schema
        self._reads = reads

    def columns_of(self, entity: str) -> Iterator[_Given]:
        """The columns of the record at hand."""
        for field in self._fields(entity):
            type_ = _type_of(field)
            written = type_.compile(dialect=_DIALECT)
            for name, target in _column_names(field).items():
                yield _Given(name, field.name, type_, written, target)

    def table(self, entity: str) -> sa.FromClause:
        """The empty table of an entity."""
        columns = [
            _nothing(field).label(name) for field in self._fields(entity) for name in _column_names(field)
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

    def link(self, entity: str, field: str, ended: Column | None = None) -> Pairs:  # noqa: ARG002 - all are alike
        """No pairs."""
        nothing = sa.cast(sa.null(), sa.Uuid)
        empty = sa.select(nothing.label("one"), nothing.label("other")).where(sa.false()).cte("no_links")
        rows = empty.alias()
        return Pairs(rows, rows.c.one, rows.c.other)

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


def _type_of(field: FieldSchema) -> sa.types.TypeEngine[Any]:
    """The type that the field's column has."""
    found: sa.types.TypeEngine[Any] = sa.Uuid() if field.name == "id" else sql_type(field.type)
    return found


def _nothing(field: FieldSchema) -> Column:
    """A null with the type that the field's column has."""
    type_ = _type_of(field)
    column: Column = sa.cast(sa.null(), type_)
    return column.collate("C") if isinstance(type_, sa.Text) else column


def _stored(value: Any, target: str | None) -> Any:
    """A value as a column of the field holds it; target: the kind of records whose ids the column has."""
    if isinstance(value, Ref):
        return value.id if target in (None, value.entity) else None
    if isinstance(value, Duration):
        return interval_text(value)
    return [_stored(item, None) for item in value] if isinstance(value, tuple) else value
