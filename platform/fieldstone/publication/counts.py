"""Numbers of rows in the database as it is, before a publication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from fieldstone.model.system_fields import TITLE
from fieldstone.publication.changes.table_change import Example

_MOST_RECORDS = 5


@dataclass(frozen=True)
class Repeated:
    """Values that several rows share. records: the ids of the first of them."""

    values: tuple[str, ...]
    count: int
    records: tuple[str, ...]

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.records) else ""
        return f"“{' / '.join(self.values)}” {self.count:,} times ({', '.join(self.records)}{more})"


class Counts:
    """Numbers of rows in the database as it is, each counted once."""

    def __init__(self, connection: sa.Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema
        self._tables = set(sa.inspect(connection).get_table_names(schema=schema))
        self._rows: dict[str, int] = {}

    def rows(self, table: str) -> int:
        """How many rows the table has; 0 if there is no such table yet."""
        if table not in self._tables:
            return 0
        if table not in self._rows:
            self._rows[table] = self._count(sa.table(table, schema=self._schema))
        return self._rows[table]

    def matching(self, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
        """How many rows of an existing table meet `condition`."""
        return self._count(table, condition)

    def first(self, table: sa.Table, condition: sa.ColumnElement[bool], most: int) -> list[tuple[UUID, str]]:
        """The first rows of an entity's table that meet `condition`, each with its title."""
        statement = sa.select(table.c.id, table.c[TITLE]).where(condition).order_by(table.c.id).limit(most)
        return [(id_, title or "") for id_, title in self._connection.execute(statement)]

    def pointing(
        self, table: sa.Table, column: sa.Column[object], target: sa.Table, most: int = 10
    ) -> tuple[Example, ...]:
        """The first records of `table` that name a record of `target` in `column`."""
        other = target.alias()
        statement = (
            sa.select(table.c.id, table.c[TITLE], other.c[TITLE])
            .join_from(table, other, column == other.c.id)
            .order_by(table.c.id)
            .limit(most)
        )
        found = self._connection.execute(statement)
        return tuple(Example(str(id_), title or "", named or "") for id_, title, named in found)

    def repeated(
        self, table: sa.Table, columns: Sequence[sa.Column[Any]], live: sa.ColumnElement[bool], most: int
    ) -> list[Repeated]:
        """The values that several live rows share in `columns`, those that most share first."""
        count = sa.func.count().label("count")
        ids = sa.func.array_agg(aggregate_order_by(table.c.id, table.c.id))
        filled = [column.is_not(None) for column in columns]
        statement = (
            sa.select(*columns, count, ids)
            .where(live, *filled)
            .group_by(*columns)
            .having(sa.func.count() > 1)
            .order_by(sa.desc("count"), *columns)
            .limit(most)
        )
        return [
            Repeated(tuple(map(str, row[:-2])), row[-2], tuple(map(str, row[-1][:_MOST_RECORDS])))
            for row in self._connection.execute(statement)
        ]

    def _count(self, source: sa.FromClause, condition: sa.ColumnElement[bool] | None = None) -> int:
        statement = sa.select(sa.func.count()).select_from(source)
        return self._connection.execute(
            statement if condition is None else statement.where(condition)
        ).scalar_one()
