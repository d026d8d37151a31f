"""Statements that are prepared once on each connection and sent through libpq itself.

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
_BEGIN = b"BEGIN ISOLATION LEVEL READ COMMITTED; "
_names = count(1)

Bound = Sequence[bytes | None]


class Prepared:
    """The text of a statement, its parameters written `$1`, `$2`, …"""

    def __init__(self, text: str) -> None:
        self.text = text.encode()


class Session:
    """A connection as libpq knows it, with what is prepared on it."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self.driver = driver
        self._server = driver.pgconn
        self._prepared: OrderedDict[Prepared, bytes] = OrderedDict()

    @property
    def alive(self) -> bool:
        """Whether the server was still there when last spoken to."""
        return self._server.status == pq.ConnStatus.OK

    @property
    def idle(self) -> bool:
        """Whether no transaction is open."""
        return self._server.transaction_status == pq.TransactionStatus.IDLE

    def begin(self, query: bytes) -> pq.abc.PGresult:
        """Begin a transaction, if none is open, with a query that has no parameters, in one round trip."""
        return self._checked(self._server.exec_(_BEGIN + query if self.idle else query))

    def execute(self, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
        """What a statement gives, for its parameters in order. Raises what the driver raises."""
        try:
            return self._execute(statement, bound)
        except psycopg.errors.InvalidSqlStatementName:
            # Whoever else uses the connection may have deallocated everything, as the driver does after some
            # statements. In a transaction, which has just ended by it, its owner has to begin again.
            self.forget_prepared()
            if not self.idle:
                raise
            return self._execute(statement, bound)

    def forget_prepared(self) -> None:
        """Prepare everything anew, under new names, when it is used again."""
        self._prepared.clear()

    def _execute(self, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
        name = self._prepared.get(statement)
        if name is None:
            name = self._prepare(statement)
        else:
            self._prepared.move_to_end(statement)
        return self._checked(self._server.exec_prepared(name, bound))  # type: ignore[arg-type]  # None is null

    def _prepare(self, statement: Prepared) -> bytes:
        if len(self._prepared) >= _MOST_PREPARED:
            _, oldest = self._prepared.popitem(last=False)
            self._checked(self._server.exec_(b"DEALLOCATE " + oldest))
        name = b"fieldstone_%d" % next(_names)
        self._checked(self._server.prepare(name, statement.text))
        self._prepared[statement] = name
        return name

    def _checked(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status in _READY:
            return result
        if not self.alive:
            raise psycopg.OperationalError(self._server.get_error_message())
        raise psycopg.errors.error_from_result(result, encoding="utf-8")


def session_of(connection: sa.Connection) -> Session:
    """The session behind a connection."""
    return _session(connection.connection)


def _session(pooled: sa.PoolProxiedConnection) -> Session:
    session: Session | None = pooled.info.get(__name__)
    if session is None:
        driver: psycopg.Connection[Any] = pooled.driver_connection  # type: ignore[assignment]  # psycopg's
        session = pooled.info[__name__] = Session(driver)
    return session


class Readers:
    """The connections of a pool that readers keep: at most as many as threads have ever read at once."""

    def __init__(self, engine: sa.Engine) -> None:
        # Not its pool: an engine that is disposed of and used again has another one.
        self._engine = engine
        self._idle: deque[_Reader] = deque()

    def fetch(self, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
        """What a statement gives, outside of any transaction.

        Raises what the driver and the pool raise. A connection that was lost since it was last used is
        replaced, and nobody is told.
        """
        try:
            reader = self._idle.pop()
        except IndexError:
            return self._fetch(_Reader(self._engine.pool), statement, bound)
        try:
            return self._fetch(reader, statement, bound)
        except psycopg.OperationalError:
            if reader.session.alive:
                raise
        self.forget()  # what ended one connection mostly ends all
        return self._fetch(_Reader(self._engine.pool), statement, bound)

    def _fetch(self, reader: _Reader, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
        try:
            return reader.session.execute(statement, bound)
        finally:
            if reader.session.alive:
                self._idle.append(reader)
            else:
                reader.drop()

    def forget(self) -> None:
        """Give all connections back to the pool."""
        while self._idle:
            self._idle.pop().give_back()


class _Reader:
    """A connection that a reader has taken from the pool."""

    def __init__(self, pool: sa.Pool) -> None:
        self._pooled = pool.connect()
        self.session = _session(self._pooled)

    def give_back(self) -> None:
        """Let the pool have the connection."""
        self._pooled.close()

    def drop(self) -> None:
        """Close a connection that was lost."""
        self._pooled.invalidate()
        self._pooled.close()
