"""Writing many rows, their links, history and outbox with one statement.

Each part of a write is a data-modifying `WITH` clause that reads its rows from one JSON parameter, so the
text of the statement depends on what is written and not on how much, stays prepared, and costs one round
trip.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.fields import identifier
from fieldstone.fields.intervals import write_duration
from fieldstone.model.model import Entity, Link, Model
from fieldstone.records.typed_rows import InTransaction
from fieldstone_rules.durations import Duration

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
        text = sa.text(f"WITH {', '.join(part.sql for part in chosen)} SELECT 1")
        model.cache[key] = InTransaction(text)
    statement: InTransaction = model.cache[key]
    statement.run(connection, {name: value for part in chosen for name, value in part.parameters.items()})


def inserting(entity: Entity, rows: Rows) -> Part:
    """New rows; all have the same columns."""
    name = identifier(entity.name, "new")
    return Part(_kept(entity.table, _insert, name, tuple(rows[0])), {name: to_json(rows)})


def _kept(
    table: sa.Table,
    write_text: Callable[[sa.Table, str, Sequence[str]], str],
    name: str,
    columns: Sequence[str],
) -> str:
    """A text about a table, which is kept with the table and goes with its model."""
    key = (write_text.__name__, name, columns)
    if key not in table.info:
        table.info[key] = write_text(table, name, columns)
    text: str = table.info[key]
    return text


def _insert(table: sa.Table, name: str, column_names: Sequence[str]) -> str:
    columns = [table.columns[column] for column in column_names]
    names = ", ".join(_quoted(column.name) for column in columns)
    source = f"SELECT {names} FROM {rows_from(name, columns)}"  # noqa: S608  # all names come from the model
    return f"{name} AS (INSERT INTO {_table(table)} ({names}) {source})"


def updating(entity: Entity, rows: Rows) -> Part:
    """Changed rows, found by `id`; all have the same columns."""
    name = identifier(entity.name, "changed")
    return Part(_kept(entity.table, _update, name, tuple(rows[0])), {name: to_json(rows)})


def _update(table: sa.Table, name: str, column_names: Sequence[str]) -> str:
    columns = [table.columns[column] for column in column_names]
    settings = ", ".join(f"{_quoted(c.name)} = r.{_quoted(c.name)}" for c in columns if c.name != "id")
    target, source = _table(table), rows_from(name, columns)
    return f"{name} AS (UPDATE {target} AS t SET {settings} FROM {source} WHERE t.id = r.id)"  # noqa: S608  # as above


def linking(link: Link, pairs: Rows) -> Part:
    """New pairs (`source`, `target`) of a many-to-many."""
    name = identifier(link.table.name, "linked")
    rows = f"SELECT source, target FROM {_pairs_from(name)} ON CONFLICT DO NOTHING"  # noqa: S608  # as above
    return Part(
        f"{name} AS (INSERT INTO {_table(link.table)} (source, target) {rows})", {name: to_json(pairs)}
    )


def unlinking(link: Link, pairs: Rows) -> Part:
    """Pairs (`source`, `target`) of a many-to-many that go."""
    name = identifier(link.table.name, "unlinked")
    same = "t.source = r.source AND t.target = r.target"
    target, source = _table(link.table), _pairs_from(name)
    sql = f"{name} AS (DELETE FROM {target} AS t USING {source} WHERE {same})"  # noqa: S608  # as above
    return Part(sql, {name: to_json(pairs)})


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
    described = ", ".join(f"{_quoted(c.name)} {_type_name(c.type)}" for c in columns)
    return f"json_to_recordset(CAST(:{parameter} AS json)) AS r({described})"


@lru_cache(maxsize=10_000)
def _type_name(kind: sa.types.TypeEngine[Any]) -> str:
    return str(kind.compile(dialect=_DIALECT))


def _pairs_from(parameter: str) -> str:
    return f"json_to_recordset(CAST(:{parameter} AS json)) AS r(source uuid, target uuid)"


def _table(table: sa.Table) -> str:
    return f"{_quoted(str(table.schema))}.{_quoted(table.name)}"


def _quoted(name: str) -> str:
    return f'"{name}"'
