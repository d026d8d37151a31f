"""Statements that only read, prepared once on each connection and sent through libpq itself.

For a statement of a tenth of a millisecond the layers above libpq would cost as much as the database, and so
would taking a connection from the pool and giving it back. So readers keep theirs between requests.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from itertools import count
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import pq

_MOST_PREPARED = 400
_READY = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})
_numbers = count(1)

Bound = Sequence[bytes | None]


class Prepared:
    """The text of a statement with the name under which connections prepare it."""

    def __init__(self, text: str) -> None:
        self.text = text.encode()
        self.name = b"fieldstone_%d" % next(_numbers)


class Readers:
    """The connections of a pool that readers keep: at most as many as threads have ever read at once."""

    def __init__(self, pool: sa.Pool) -> None:
        self._pool = pool
        self._idle: deque[_Reader] = deque()

    def fetch(self, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
        """What a statement gives, outside of any transaction.

        Raises what the driver and the pool raise. A connection that was lost since it was last used is
        replaced, and nobody is told.
        """
        try:
            reader = self._idle.pop()
        except IndexError:
            return self._fetch(_Reader(self._pool), statement, bound)
        try:
            return self._fetch(reader, statement, bound)
        except psycopg.OperationalError:
            if reader.alive:
                raise
        self.forget()  # what ended one connection mostly ends all
        return self._fetch(_Reader(self._pool), statement, bound)

    def _fetch(self, reader: _Reader, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
        try:
            return reader.fetch(statement, bound)
        finally:
            if reader.alive:
                self._idle.append(reader)
            else:
                reader.drop()

    def forget(self) -> None:
        """Give all connections back to the pool."""
        while self._idle:
            self._idle.pop().give_back()


class _Reader:
    """One connection, with the names of what is prepared on it."""

    def __init__(self, pool: sa.Pool) -> None:
        self._pooled = pool.connect()
        driver: psycopg.Connection[Any] = self._pooled.driver_connection  # type: ignore[assignment]  # psycopg's
        self._server = driver.pgconn
        self._prepared: OrderedDict[bytes, None] = self._pooled.info.setdefault(__name__, OrderedDict())

    @property
    def alive(self) -> bool:
        """Whether the server was still there when last spoken to."""
        return self._server.status == pq.ConnStatus.OK

    def fetch(self, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
        """What a statement gives."""
        try:
            return self._execute(statement, bound)
        except psycopg.errors.InvalidSqlStatementName:
            # After a rollback the driver deallocates all statements of a connection, ours too, and this one
            # may have been a writer's before. Each is missed when it is used.
            self._prepared.pop(statement.name, None)
            return self._execute(statement, bound)

    def _execute(self, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
        if statement.name in self._prepared:
            self._prepared.move_to_end(statement.name)
        else:
            self._prepare(statement)
        result = self._server.exec_prepared(statement.name, bound)  # type: ignore[arg-type]  # None is null
        return checked(self._server, result)

    def _prepare(self, statement: Prepared) -> None:
        if len(self._prepared) >= _MOST_PREPARED:
            oldest, _ = self._prepared.popitem(last=False)
            checked(self._server, self._server.exec_(b"DEALLOCATE " + oldest))
        checked(self._server, self._server.prepare(statement.name, statement.text))
        self._prepared[statement.name] = None

    def give_back(self) -> None:
        """Let the pool have the connection."""
        self._pooled.close()

    def drop(self) -> None:
        """Close a connection that was lost."""
        self._pooled.invalidate()
        self._pooled.close()


def fetch_within(connection: sa.Connection, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
    """What a statement gives inside the transaction of `connection`.

    Not prepared: a statement that the server had forgotten would end the transaction.
    """
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]  # as above
    return checked(driver.pgconn, driver.pgconn.exec_params(statement.text, bound))


def checked(server: pq.abc.PGconn, result: pq.abc.PGresult) -> pq.abc.PGresult:
    """The result of a statement that went well. Raises the driver's error for any other."""
    if result.status in _READY:
        return result
    if server.status == pq.ConnStatus.BAD:
        raise psycopg.OperationalError(server.get_error_message())
    raise psycopg.errors.error_from_result(result, encoding="utf-8")
