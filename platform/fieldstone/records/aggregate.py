"""Counts and sums over a list, in groups: what stands above the columns of a board and below a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import sqlalchemy as sa

from fieldstone.context import Context
from fieldstone.fields import json_text
from fieldstone.records import lists
from fieldstone.records.listing import Reading
from fieldstone.records.measures import Measure, measure_json
from fieldstone.records.output import field_json
from fieldstone.records.paths import resolve
from fieldstone.records.query import MOST_RECORDS, Query, malformed
from fieldstone.records.statements import Statement

Column = sa.ColumnElement[Any]
MOST_GROUPS = MOST_RECORDS


@dataclass(frozen=True)
class Group:
    """Records that have `by` (field path → value in the API's form) in common; their measures by name."""

    by: Mapping[str, Any]
    measures: Mapping[str, Any]


def aggregate(
    context: Context,
    entity: str,
    query: Query,
    group: Sequence[str] = (),
    measures: Mapping[str, Measure] | None = None,
) -> list[Group]:
    """The measures of each group of those records that the query asks for and the caller may read.

    query: its `where`, `q`, `view`, `deleted` and `related` count.
    group: field paths; none makes one group of all, which is there even when it is empty.
    measures: name → measure; none counts the records as `count`.
    At most 1,000 groups are given, the largest first.

    Raises:
        As `list_json`; Malformed also for an unknown field or a measure that the field does not have.
    """
    wanted = tuple((measures or {"count": Measure("count")}).items())
    asked = replace(query, fields=None, order=None, cursor=None, count="none", limit=MOST_GROUPS)
    reading = Reading(context, entity, asked)
    key = (*reading.key, "aggregate", tuple(group), wanted)
    statement = reading.kept.get(key, lambda: _statement(lists.rows_of(*reading.arguments), group, wanted))
    rows = reading.run(statement)
    found = zip(rows.column(0), rows.column(1), strict=True)
    return [Group(orjson.loads(by), orjson.loads(of)) for by, of in found]


def _statement(rows: lists.Rows, group: Sequence[str], measures: Sequence[tuple[str, Measure]]) -> Statement:
    record = rows.record
    paths = [resolve(record.viewer, record.entity, text, "group") for text in dict.fromkeys(group)]
    keys = [field_json(record, path) for path in paths]
    values = [measure_json(record, measure) for _, measure in measures]
    by = _object([path.text for path in paths], keys)
    of = _object([_checked_name(name) for name, _ in measures], values)
    base = record.joins.apply(rows.base)
    select = sa.select(by, of).select_from(base).where(*rows.conditions)
    if keys:
        first: Column = sa.literal_column("1")
        select = select.group_by(first).order_by(sa.func.count().desc(), first)
    return Statement(select.limit(sa.literal_column(str(MOST_GROUPS))))


def _object(names: Sequence[str], values: Sequence[Any]) -> Any:
    parts = [json_text.constant("{")]
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        parts += [json_text.constant(f'{"," if number else ""}"{name}":'), value]
    return json_text.assembled(*parts, json_text.constant("}"))


def _checked_name(name: str) -> str:
    if not name.isidentifier() or not name.isascii():
        raise malformed("measures", "bad_measure", f"“{name[:80]}” is no name for a measure.")
    return name
