"""Numbers of rows in the database as it is, before a publication."""

from __future__ import annotations

import sqlalchemy as sa


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

    def _count(self, source: sa.FromClause, condition: sa.ColumnElement[bool] | None = None) -> int:
        statement = sa.select(sa.func.count()).select_from(source)
        return self._connection.execute(
            statement if condition is None else statement.where(condition)
        ).scalar_one()
