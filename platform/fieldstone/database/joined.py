"""A database whose every read and write takes part in one transaction that is already open.

With it several calls of `records` become one: all of them happen, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg import pq

from fieldstone.database.database import Database
from fieldstone.database.failures import RETRYABLE, sqlstate, translate
from fieldstone.database.prepared import Bound, Prepared, session_of
from fieldstone.errors import Taken
from fieldstone.files.store import FileStore

T = TypeVar("T")


class JoinedDatabase(Database):
    """`database`, on `connection`, which is in a transaction. A write that fails takes back only itself."""

    def __init__(self, database: Database, connection: sa.Connection) -> None:
        # Only what belongs to the transaction is new here: the pool and all else stay those of `database`.
        self.url = database.url
        self.schema = database.schema
        self.system = database.system
        self.keyring = database.keyring
        self.large_table = database.large_table
        self.fill_batch = database.fill_batch
        self.checks = database.checks
        self._database = database
        self._connection = connection

    @property
    def rights_cache(self) -> dict[Any, Any]:
        """What was computed from users, teams, roles and tokens."""
        return self._database.rights_cache

    @rights_cache.setter
    def rights_cache(self, cache: dict[Any, Any]) -> None:
        self._database.rights_cache = cache

    @property
    def files(self) -> FileStore:
        """Where the contents of files are."""
        return self._database.files

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """The transaction's connection."""
        with _translated():
            yield self._connection

    def fetch(self, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
        """What a statement gives inside the transaction."""
        with _translated():
            return session_of(self._connection).execute(statement, bound)

    @contextmanager
    def write(self, model_version: int) -> Iterator[sa.Connection]:
        """A savepoint in the transaction, which holds the publication already."""
        del model_version
        with _translated(), self._connection.begin_nested():
            yield self._connection

    def run_write(self, model_version: int, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a savepoint. A deadlock ends the whole transaction, which its owner runs again."""
        try:
            with self.write(model_version) as connection:
                return work(connection)
        except Taken as taken:
            taken.look()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A savepoint in the transaction."""
        with _translated(), self._connection.begin_nested():
            yield self._connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sa.exc.DBAPIError, psycopg.Error) as error:
        if sqlstate(error) in RETRYABLE:
            raise
        raise translate(error) from error
