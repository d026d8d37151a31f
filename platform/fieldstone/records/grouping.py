"""What records are grouped by: a field, or the day, week, month, quarter or year of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fieldstone.fields import json_text
from fieldstone.fields.date import DateType
from fieldstone.fields.datetime import DatetimeType
from fieldstone.fields.formula import FormulaType
from fieldstone.records.output import field_json
from fieldstone.records.paths import FieldPath, guarded, resolve
from fieldstone.records.query import malformed
from fieldstone.records.source import RecordSource

Column = sa.ColumnElement[Any]
BUCKETS = ("day", "week", "month", "quarter", "year")
_BUCKET = re.compile(r"\s*([a-z]+)\s*\(\s*([a-z0-9_.]+)\s*\)\s*")


@dataclass(frozen=True)
class GroupKey:
    """What some records have in common. name: as it was asked for.

    json: its value in the API's form, as JSON text. value: what it is ordered by; None where it has no order.
    """

    name: str
    json: Column
    value: Column | None


def group_key(record: RecordSource, text: str, parameter: str) -> GroupKey:
    """The key that a caller names: a field path, or a bucket of one.

    Raises:
        Malformed: for an unknown field or bucket, naming the parameter.
    """
    match = _BUCKET.fullmatch(text)
    if match is not None:
        return _bucket(record, text, match[1], resolve(record.viewer, record.entity, match[2], parameter))
    path = resolve(record.viewer, record.entity, text, parameter)
    source = path.source(record)
    value = path.field.type.sort_sql(source)
    ordered = None if value is None else guarded(source, path.field, value, sa.null())
    return GroupKey(text, field_json(record, path), ordered)


def _bucket(record: RecordSource, text: str, unit: str, path: FieldPath) -> GroupKey:
    """The first day of the unit that a date lies in; of a moment, on the organisation's calendar."""
    found = path.field.type
    kind = found.result if isinstance(found, FormulaType) else found
    if unit not in BUCKETS or not isinstance(kind, DateType | DatetimeType):
        units = ", ".join(BUCKETS)
        message = f"“{text[:80]}” is no group: dates and moments have {units}, as in month({path.text})."
        raise malformed("rows", "bad_bucket", message)
    source = path.source(record)
    value = found.sort_sql(source)
    assert value is not None  # dates and moments have an order
    zone: Column = sa.cast(sa.bindparam("fs_zone", type_=sa.Text()), sa.Text)
    local = sa.func.timezone(zone, value) if isinstance(kind, DatetimeType) else sa.cast(value, sa.DateTime)
    start = sa.cast(sa.func.date_trunc(sa.literal_column(f"'{unit}'"), local), sa.Date)
    shown = guarded(source, path.field, start, sa.null())
    return GroupKey(text, json_text.escaped(shown), shown)
