"""Writing many rows, their links, history and outbox with one statement.

Each part of a write is a data-modifying `WITH` clause that reads its rows from one JSON parameter, so the text of the
statement depends on what is written and not on how much, stays prepared, and costs one round trip.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from fieldstone_rules.durations import Duration
from sqlalchemy.dialects import postgresql

from fieldstone.fields.intervals import write_duration
from fieldstone.model.model import Entity, Link, Model

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Part:
    """One clause of a write. sql: `name AS (…)`, several separated by commas."""

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def write(connection: sa.Connection, model: Model, parts: Iterable[Part]) -> None:
    """Run all parts as one statement; each sees the data as it was before all of them."""
    chosen = list(parts)
    key = (__name__, tuple(part.sql for part in chosen))
    if key not in model.cache:
        model.cache[key] = sa.text(f"WITH {', '.join(part.sql for part in chosen)} SELECT 1")
    parameters = {name: value for part in chosen for name, value in part.parameters.items()}
    connection.execute(model.cache[key], parameters)


def inserting(entity: Entity, rows: Rows) -> Part:
    """New rows; all have the same columns."""
    columns = [entity.table.columns[name] for name in rows[0]]
    names = ", ".join(_quoted(column.name) for column in columns)
    parameter = f"{entity.name}_new"
    source = f"SELECT {names} FROM {rows_from(parameter, columns)}"
    sql = f"{parameter} AS (INSERT INTO {_table(entity.table)} ({names}) {source})"
    return Part(sql, {parameter: to_json(rows)})


def updating(entity: Entity, rows: Rows) -> Part:
    """Changed rows, found by `id`; all have the same columns."""
    columns = [entity.table.columns[name] for name in rows[0]]
    parameter = f"{entity.name}_changed"
    settings = ", ".join(f"{_quoted(c.name)} = r.{_quoted(c.name)}" for c in columns if c.name != "id")
    sql = (
        f"{parameter} AS (UPDATE {_table(entity.table)} AS t SET {settings} "
        f"FROM {rows_from(parameter, columns)} WHERE t.id = r.id)"
    )
    return Part(sql, {parameter: to_json(rows)})


def linking(link: Link, name: str, pairs: Rows) -> Part:
    """New pairs (`source`, `target`) of a many-to-many; `name` is unique in the statement."""
    parameter = f"{name}_linked"
    sql = (
        f"{parameter} AS (INSERT INTO {_table(link.table)} ({_quoted(link.source.name)}, {_quoted(link.target.name)}) "
        f"SELECT source, target FROM {_pairs_from(parameter)} ON CONFLICT DO NOTHING)"
    )
    return Part(sql, {parameter: to_json(pairs)})


def unlinking(link: Link, name: str, pairs: Rows) -> Part:
    """Pairs (`source`, `target`) of a many-to-many that go."""
    parameter = f"{name}_unlinked"
    sql = (
        f"{parameter} AS (DELETE FROM {_table(link.table)} AS t USING {_pairs_from(parameter)} "
        f"WHERE t.{_quoted(link.source.name)} = r.source AND t.{_quoted(link.target.name)} = r.target)"
    )
    return Part(sql, {parameter: to_json(pairs)})


def to_json(value: Any) -> str:
    """JSON that `json_to_recordset` reads; decimals become texts and lose nothing."""
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    except orjson.JSONEncodeError:
        # A JSON field may hold integers beyond 64 bits, which only the slower encoder writes.
        return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Duration):
        return write_duration(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def rows_from(parameter: str, columns: Iterable[sa.Column[Any]]) -> str:
    """The rows `r` that the JSON in a parameter holds, as a source of a statement."""
    described = ", ".join(f"{_quoted(c.name)} {c.type.compile(dialect=_DIALECT)}" for c in columns)
    return f"json_to_recordset(CAST(:{parameter} AS json)) AS r({described})"


def _pairs_from(parameter: str) -> str:
    return f"json_to_recordset(CAST(:{parameter} AS json)) AS r(source uuid, target uuid)"


def _table(table: sa.Table) -> str:
    return f"{_quoted(str(table.schema))}.{_quoted(table.name)}"


def _quoted(name: str) -> str:
    return f'"{name}"'
