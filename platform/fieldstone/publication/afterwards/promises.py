"""Unique indexes of large tables: built before the publication that promises them, while others write.

The promise has to hold from the first moment, so the index is there first, on the columns as they are. What
a publisher leaves who does not come to the end is taken away by the next one, or by whoever does what is
unfinished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from fieldstone.database.database import Database
from fieldstone.database.failures import sqlstate, translate
from fieldstone.publication.afterwards.builds import concurrently
from fieldstone.publication.afterwards.lone_connections import alone
from fieldstone.publication.afterwards.unfinished import PROMISED, unfinished
from fieldstone.publication.alone.exclusive import under_way
from fieldstone.publication.changes.statements import ddl, execute
from fieldstone.publication.changes.table_change import TableChange

_UNIQUE_VIOLATION = "23505"


@contextmanager
def promised(
    database: Database, version: int, wanted: Sequence[TableChange], refuse: Callable[[], None]
) -> Iterator[None]:
    """Build the unique indexes that publication `version` wants; they go again if it does not come.

    refuse: called where records share values; raises what says which. Raises Conflict where another process
    does the same.
    """
    if not wanted:
        yield
        return
    with alone(database, "promise") as connection:
        if connection is None:
            raise under_way()
        _take_back(connection, database)
        try:
            for change in wanted:
                _build(connection, database, version, change, refuse)
            yield
        finally:
            if not connection.invalidated:
                _take_back(connection, database)


def take_back(database: Database) -> None:
    """Drop the indexes of publications that did not come into force, unless one is under way."""
    with database.read() as connection:
        if not any(one.kind == PROMISED for one in unfinished(connection, database.system)):
            return
    with alone(database, "promise") as connection:
        if connection is not None:
            _take_back(connection, database)


def _build(
    connection: sa.Connection,
    database: Database,
    version: int,
    change: TableChange,
    refuse: Callable[[], None],
) -> None:
    index, table = change.index, database.system.unfinished
    assert index is not None
    row = {"publication": version, "kind": PROMISED, "table": f"{change.table} {index.name}"}
    connection.execute(sa.insert(table).values(**row, names=[str(index.name)]))
    try:
        execute(connection, concurrently(index))
    except sa.exc.DBAPIError as error:
        if sqlstate(error) == _UNIQUE_VIOLATION:
            _take_back(connection, database)
            refuse()
        raise translate(error) from error


def _take_back(connection: sa.Connection, database: Database) -> None:
    """What the transaction of its publication has not settled was promised for nothing."""
    table = database.system.unfinished
    for one in unfinished(connection, database.system):
        if one.kind == PROMISED:
            for name in one.names:
                execute(connection, ddl(f'DROP INDEX CONCURRENTLY IF EXISTS "{database.schema}"."{name}"'))
            connection.execute(sa.delete(table).where(table.c.place == one.place))
