"""Counts and sums over a list, in groups down and across, with the totals of both, by one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from fieldstone import exact_json
from fieldstone.context import Context
from fieldstone.errors import FieldError, Invalid
from fieldstone.fields import json_text
from fieldstone.model.ordering import directed
from fieldstone.records import lists
from fieldstone.records.grouping import GroupKey, group_key
from fieldstone.records.listing import Reading
from fieldstone.records.measures import Measure, Measured, measured
from fieldstone.records.query import MOST_RECORDS, Query, malformed
from fieldstone.records.statements import Statement

Column = sa.ColumnElement[Any]
MOST_GROUPS = MOST_RECORDS
MOST_CELLS = 20_000


@dataclass(frozen=True)
class Group:
    """Records that have `by` (field path → value in the API's form) in common; their measures by name."""

    by: Mapping[str, Any]
    measures: Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """What to compute. rows, columns: field paths and buckets. measures: name and measure.

    order: names of rows, columns and measures, `-` in front for descending; without any the largest group
    comes first, and columns in their own order. limit: of row groups. totals: also over everything.
    """

    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    measures: tuple[tuple[str, Measure], ...] = (("count", Measure("count")),)
    order: tuple[str, ...] = ()
    limit: int = MOST_GROUPS
    totals: bool = False


@dataclass(frozen=True)
class Pivot:
    """The answer. data: a group for each row and column that have records, ordered by row, then by column.

    rows, columns: the totals of each, in order; empty without columns. total: over all records; None where it
    was not asked for. more: whether there are more row groups than the limit.
    """

    data: list[Group]
    rows: list[Group]
    columns: list[Group]
    total: Mapping[str, Any] | None
    more: bool


def pivot(context: Context, entity: str, query: Query, asked: Asked) -> Pivot:
    """The measures of each group of those records that the query asks for and the caller may read.

    query: its `where`, `q`, `view`, `deleted` and `related` count.

    Raises:
        As `list_json`; Malformed also for an unknown field, bucket, order or measure; Invalid for more than
        20,000 cells.
    """
    plain = replace(query, fields=None, order=None, cursor=None, count="none", limit=MOST_GROUPS)
    reading = Reading(context, entity, plain)
    key = (*reading.key, "pivot", asked)
    found = reading.run(reading.kept.get(key, lambda: _statement(lists.rows_of(*reading.arguments), asked)))
    if len(found) > MOST_CELLS:
        message = f"This makes more than {MOST_CELLS:,} groups. Narrow it down, or group by less."
        entry = FieldError("rows", "too_many_groups", message)
        raise Invalid(message, code="too_many_groups", errors=[entry])
    return _arranged([tuple(found.at(row, place) for place in range(3)) for row in range(len(found))], asked)


Line = tuple[bytes | None, ...]
"""What the rows have in common, what the columns, and the measures; null where it is a total over them."""


def _arranged(lines: Sequence[Line], asked: Asked) -> Pivot:
    cells = [line for line in lines if _is_cell(line, asked)]
    if not (asked.rows and asked.columns):
        total = next((_read(line[2]) for line in lines if line[:2] == (None, None)), None)
        data = [_group(*line) for line in cells[: asked.limit]]
        return Pivot(data, [], [], total, more=len(cells) > asked.limit)
    rows = [line for line in lines if line[0] is not None and line[1] is None]
    columns = [line for line in lines if line[0] is None and line[1] is not None]
    row_place = {line[0]: place for place, line in enumerate(rows[: asked.limit])}
    column_place = {line[1]: place for place, line in enumerate(columns)}
    shown = [line for line in cells if line[0] in row_place]
    shown.sort(key=lambda line: (row_place[line[0]], column_place[line[1]]))
    return Pivot(
        [_group(*line) for line in shown],
        [_group(*line) for line in rows[: asked.limit]],
        [_group(*line) for line in columns],
        next((_read(line[2]) for line in lines if line[:2] == (None, None)), None),
        more=len(rows) > asked.limit,
    )


def _is_cell(line: Line, asked: Asked) -> bool:
    return (line[0] is not None) is bool(asked.rows) and (line[1] is not None) is bool(asked.columns)


def _group(row: bytes | None, column: bytes | None, measures: bytes | None) -> Group:
    return Group({**_read(row), **_read(column)}, _read(measures))


def _read(text: bytes | None) -> dict[str, Any]:
    found: dict[str, Any] = exact_json.loads(text or b"{}")
    return found


def _statement(rows: lists.Rows, asked: Asked) -> Statement:
    record = rows.record
    down = [group_key(record, text, "rows") for text in dict.fromkeys(asked.rows)]
    across = [group_key(record, text, "columns") for text in dict.fromkeys(asked.columns)]
    values = {_checked_name(name): measured(record, measure) for name, measure in asked.measures}
    sortable = _sortable(down, across, values)
    _check_order(asked, sortable)
    shown: list[Column] = [
        _object({key.name: key.json for key in down}).label("row"),
        _object({key.name: key.json for key in across}).label("column"),
        json_text.object_of({name: value.json for name, value in values.items()}).label("measures"),
        sa.func.count().label("size"),
        *(value.label(_label(place)) for place, (value, _) in enumerate(sortable.values())),
    ]
    groups = sa.select(*shown).select_from(record.joins.apply(rows.base)).where(*rows.conditions)
    if down or across:
        groups = groups.group_by(sa.literal_column(f"GROUPING SETS ({', '.join(_sets(asked))})"))
    return _ordered(groups, asked, list(sortable), [part for _, part in sortable.values()])


def _ordered(groups: sa.Select[Any], asked: Asked, names: Sequence[str], parts: Sequence[str]) -> Statement:
    found = groups.subquery("groups")
    order: list[Column] = [sa.func.num_nonnulls(found.c.row, found.c.column)]
    for text in asked.order or _usual_order(asked, names):
        place = names.index(text.removeprefix("-"))
        value: Column = found.c[_label(place)]
        if parts[place]:
            # A total over the rows has no row of its own to be ordered by.
            value = sa.case((found.c[parts[place]].is_not(None), value))
        order.append(directed(value, descending=text.startswith("-")))
    order += [found.c.size.desc(), found.c.row, found.c.column]
    both = bool(asked.rows and asked.columns)
    most = MOST_CELLS + 1 if both else min(asked.limit, MOST_CELLS) + 2
    select = sa.select(found.c.row, found.c.column, found.c.measures).order_by(*order)
    return Statement(select.limit(sa.literal_column(str(most))))


def _sets(asked: Asked) -> list[str]:
    """What is grouped: the cells, the rows and columns they stand in, and everything."""
    rows, columns = bool(asked.rows), bool(asked.columns)
    if rows and columns:
        return ["(1, 2)", "(1)", "(2)", "()"]
    return ["(1)" if rows else "(2)", *(["()"] if asked.totals else [])]


Sortable = Mapping[str, tuple[Column, str]]
"""Name → what it is ordered by, and the part of a group that it belongs to (none for measures)."""


def _sortable(
    down: Sequence[GroupKey], across: Sequence[GroupKey], values: Mapping[str, Measured]
) -> Sortable:
    found = {name: (value.value, "") for name, value in values.items()}
    for part, keys in (("row", down), ("column", across)):
        ordered = {key.name: key.value for key in keys if key.value is not None}
        found |= {name: (sa.func.any_value(value), part) for name, value in ordered.items()}
    return found


def _usual_order(asked: Asked, names: Sequence[str]) -> list[str]:
    return [name for name in dict.fromkeys(asked.columns) if name in names] if asked.rows else []


def _check_order(asked: Asked, sortable: Sortable) -> None:
    names = [*asked.rows, *asked.columns, *(name for name, _ in asked.measures)]
    doubles = {name for name in names if names.count(name) > 1}
    if doubles:
        raise malformed("measures", "twice", f"“{doubles.pop()[:80]}” stands for two things here.")
    for text in asked.order:
        if text.removeprefix("-") not in sortable:
            known = ", ".join(sortable)
            raise malformed("order", "bad_order", f"“{text[:80]}” gives no order. There are {known}.")


def _object(members: Mapping[str, Column]) -> Column:
    return json_text.object_of(members) if members else sa.cast(sa.null(), sa.Text)


def _label(place: int) -> str:
    return f"key_{place}"


def _checked_name(name: str) -> str:
    if not name.isidentifier() or not name.isascii():
        raise malformed("measures", "bad_measure", f"“{name[:80]}” is no name for a measure.")
    return name
