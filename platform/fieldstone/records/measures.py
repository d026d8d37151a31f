"""What can be computed over the records of a group, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.records.paths import FieldPath, guarded, resolve
from fieldstone.records.query import malformed
from fieldstone.records.source import RecordSource, Viewer
from fieldstone_rules.types import Kind

Column = sa.ColumnElement[Any]
Function = Literal["count", "sum", "average", "min", "max"]

AVERAGE_PLACES = 12
"""Decimals of a quotient, as in the rule language."""


@dataclass(frozen=True)
class Measure:
    """A number over the records of a group; `count` counts records, or with a field those that have a value.

    Of money, the organisation's amounts are summed and compared, since records may differ in currency.
    """

    function: Function
    field: str | None = None


@dataclass(frozen=True)
class Measured:
    """A measure in a statement. value: what groups are ordered by. json: what is told, as JSON text."""

    value: Column
    json: Column


def measured(record: RecordSource, measure: Measure) -> Measured:
    """A measure over the records of a group.

    Raises:
        Malformed: for an unknown field, or one that has no such measure.
    """
    if measure.field is None:
        if measure.function != "count":
            raise malformed("measures", "bad_measure", f"{measure.function} needs a field.")
        return Measured(sa.func.count(), json_text.bare(sa.func.count()))
    path = resolve(record.viewer, record.entity, measure.field, "measures")
    source = path.source(record)
    value = path.field.type.sort_sql(source)
    kind = _kind(record.viewer, path)
    write = _WRITERS[measure.function].get(kind)
    if value is None or write is None:
        message = f"There is no {measure.function} of “{measure.field}”."
        raise malformed("measures", "bad_measure", message)
    computed = _FUNCTIONS[measure.function](guarded(source, path.field, value, sa.null()))
    return Measured(computed, write(computed))


def _kind(viewer: Viewer, path: FieldPath) -> Kind:
    """The kind of the field's values, as expressions see them."""
    schema = viewer.model.rules_schema.entity(path.field.type.entity)
    known = schema.fields.get(path.field.name) if schema is not None else None
    return known.type.kind if known is not None else Kind.TEXT


def _sum(value: Column) -> Column:
    return sa.func.coalesce(sa.func.sum(value, type_=sa.Numeric), sa.literal_column("0", sa.Numeric))


def _exact(number: Column) -> Column:
    return json_text.quoted(sa.func.trim_scale(number))


def _money(amount: Column) -> Column:
    exact = sa.func.trim_scale(amount)
    places = sa.func.greatest(sa.func.scale(exact), sa.literal_column("2"))
    return json_text.quoted(sa.func.round(exact, places))


def _average(value: Column) -> Column:
    return sa.func.round(sa.func.avg(sa.cast(value, sa.Numeric)), sa.literal_column(str(AVERAGE_PLACES)))


Writer = Callable[[Column], Column]
_FUNCTIONS: Mapping[Function, Callable[[Column], Column]] = {
    "count": sa.func.count,
    "sum": _sum,
    "average": _average,
    "min": lambda value: sa.func.min(value, type_=value.type),
    "max": lambda value: sa.func.max(value, type_=value.type),
}
_SUMS: Mapping[Kind, Writer] = {Kind.INTEGER: json_text.bare, Kind.DECIMAL: _exact, Kind.MONEY: _money}
_AVERAGES: Mapping[Kind, Writer] = {
    Kind.INTEGER: _exact,
    Kind.DECIMAL: _exact,
    Kind.PERCENT: _exact,
    Kind.MONEY: _money,
}
_EXTREMES: Mapping[Kind, Writer] = {
    Kind.INTEGER: json_text.bare,
    Kind.DECIMAL: _exact,
    Kind.PERCENT: _exact,
    Kind.MONEY: _money,
    Kind.DATE: json_text.escaped,
    Kind.DATETIME: json_text.instant,
    Kind.TIME: json_text.escaped,
}
_WRITERS: Mapping[Function, Mapping[Kind, Writer]] = {
    "count": dict.fromkeys(Kind, json_text.bare),
    "sum": _SUMS,
    "average": _AVERAGES,
    "min": _EXTREMES,
    "max": _EXTREMES,
}
