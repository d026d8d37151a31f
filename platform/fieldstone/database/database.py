"""Connections to one tenant's data: reading without a transaction, writing under a publication."""

from __future__ import annotations

import functools
import random
import secrets
import select
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg import pq

from fieldstone import exact_json
from fieldstone.database.afterwards import begin_waiting, run_waiting
from fieldstone.database.failures import DRIVER_ERRORS, RETRYABLE, connection_lost, sqlstate, translate
from fieldstone.database.keyring import Keyring
from fieldstone.database.large_tables import FILL_BATCH, LARGE_TABLE
from fieldstone.database.migrations import is_up_to_date, migrate
from fieldstone.database.prepared import Bound, Prepared, Readers, session_of
from fieldstone.database.system import SystemTables, system_tables
from fieldstone.errors import InDoubt, StaleModel, Taken
from fieldstone.files.store import FileStore, StorageFailed

if TYPE_CHECKING:
    from fieldstone_metadata.kept_check import CheckStore

T = TypeVar("T")
_ALIKE = 0.4
"""How much of a mistyped word a searched text must have: `acem` finds `acme`, and `north` not `nordwind`."""
_TRIES = 5


class Database:
    """One tenant's data: entity tables in the schema `schema`, the platform's own in `system.schema`.

    rights_cache: what was computed from users, teams, roles and tokens; replaced by an empty one as soon as
    they change (take it before you read, so that what is outdated by then lands in the old one).
    files: the contents of the tenant's files, which lie beside the database.
    keyring: encrypts secrets. secret_keys: the newest first.
    large_table: tables with more rows are changed by publications in the background where that is possible.
    fill_batch: of so many records a value is computed in one transaction then.
    checks: where a command leaves its check of what is in force to the next one.
    """

    def __init__(
        self,
        url: str | sa.URL,
        *,
        tenant: str = "main",
        pool_size: int = 10,
        statement_timeout: float = 15,
        files: FileStore | None = None,
        secret_keys: Sequence[str] = (),
        large_table: int = LARGE_TABLE,
        fill_batch: int = FILL_BATCH,
        checks: CheckStore | None = None,
    ) -> None:
        self.keyring = Keyring(secret_keys)
        self.large_table = large_table
        self.fill_batch = fill_batch
        self.url = sa.make_url(url).set(drivername="postgresql+psycopg")
        self.schema = tenant
        self.system: SystemTables = system_tables(tenant)
        self.rights_cache: dict[Any, Any] = {}
        self._file_store = files
        self.checks = checks
        self._writer = _engine(self.url, pool_size, statement_timeout)
        self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")
        self._readers = Readers(self._writer)
        self._version_in_force = f'SELECT version FROM "{self.system.schema}".current FOR SHARE'.encode()  # noqa: S608  # our schema

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection in autocommit: each statement sees what is committed when it starts.

        Raises Unavailable if the database cannot be reached, StaleModel if it has moved on from the model.
        """
        with _translated(), self._reader.connect() as connection:
            yield connection

    def fetch(self, statement: Prepared, bound: Bound) -> pq.abc.PGresult:
        """What a statement that only reads gives, for its parameters in order, as in `read`."""
        try:
            return self._readers.fetch(statement, bound)
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    @contextmanager
    def write(self, model_version: int) -> Iterator[sa.Connection]:
        """A transaction under publication `model_version`; committed at the end, rolled back on any error.

        No publication can come into force while it lasts. Raises StaleModel if another one already has.
        """
        with _translated(), _begun(self._writer) as connection:
            waiting = begin_waiting(connection)
            self.require_version(connection, model_version)
            yield connection
        run_waiting(waiting)

    def run_write(self, model_version: int, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a `write` transaction, again after a deadlock; it must bear being repeated."""
        try:
            return retry_on_conflict(functools.partial(self._write_once, model_version, work))
        except Taken as taken:
            taken.look()
            raise

    def _write_once(self, model_version: int, work: Callable[[sa.Connection], T]) -> T:
        with _begun(self._writer) as connection:
            waiting = begin_waiting(connection)
            self.require_version(connection, model_version)
            result = work(connection)
        run_waiting(waiting)
        return result

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A transaction bound to no publication, for the platform's own tables."""
        with _translated(), _begun(self._writer) as connection:
            yield connection

    @contextmanager
    def discarded(self) -> Iterator[sa.Connection]:
        """A transaction of which nothing stays: it is rolled back at the end, however that comes."""
        with _translated(), self._writer.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()

    def require_version(self, connection: sa.Connection, model_version: int) -> None:
        """Keep publication `model_version` in force until the transaction ends, or raise StaleModel."""
        found = int(session_of(connection).begin(self._version_in_force).get_value(0, 0) or b"0")
        if found != model_version:
            raise StaleModel(
                f"Publication {found} has replaced {model_version}. Nothing was written; try again.",
                details={"version": found},
            )

    def forget_statements(self) -> None:
        """Let go of compiled statements, which hold the tables of the model that they were made for."""
        self._writer.clear_compiled_cache()

    def prepare(self) -> None:
        """Create or update the system tables. Raises NewerData if they are ahead of this program."""
        with self.read() as connection:
            if is_up_to_date(connection, self.schema):
                return
        with self.transaction() as connection:
            migrate(connection, self.schema)

    def secret(self, name: str) -> bytes:
        """32 random bytes known by `name`, the same for all processes for ever."""
        table = self.system.secret
        with self.transaction() as connection:
            connection.execute(
                sa.text(f'INSERT INTO "{table.schema}".secret VALUES (:name, :value) ON CONFLICT DO NOTHING'),  # noqa: S608  # our schema
                {"name": name, "value": secrets.token_bytes(32)},
            )
            return bytes(
                connection.execute(sa.select(table.c.value).where(table.c.name == name)).scalar_one()
            )

    @property
    def files(self) -> FileStore:
        """Where the contents of files are. Raises `StorageFailed` where there is no such place."""
        if self._file_store is None:
            raise StorageFailed("There is no storage of files here.")
        return self._file_store

    def close(self) -> None:
        """Close all connections; the database can be used again afterwards."""
        self._readers.forget()
        self._reader.dispose()
        if self.checks is not None:
            self.checks.forget()


def retry_on_conflict(work: Callable[[], T]) -> T:
    """Run `work`, again if PostgreSQL chose it as the victim of a deadlock or a serialization failure."""
    for attempt in range(1, _TRIES):
        try:
            with _translated(but=RETRYABLE):
                return work()
        except (sa.exc.DBAPIError, psycopg.Error):
            time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311  # spreads rivals, hides nothing
    with _translated():
        return work()


@contextmanager
def _begun(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction, committed at the end. Raises InDoubt if nobody knows whether it was."""
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        try:
            transaction.commit()
        except DRIVER_ERRORS as error:
            if not connection_lost(error):
                raise
            raise InDoubt(
                "The connection to the database broke in the moment of saving, so it is not known whether "
                "this was written. Look before you repeat it; with the same Idempotency-Key that is safe."
            ) from error


@contextmanager
def _translated(but: frozenset[str] = frozenset()) -> Iterator[None]:
    try:
        yield
    except DRIVER_ERRORS as error:
        if sqlstate(error) in but:
            raise
        raise translate(error) from error


def _engine(url: sa.URL, pool_size: int, statement_timeout: float) -> sa.Engine:
    milliseconds = int(statement_timeout * 1000)
    engine = sa.create_engine(
        url,
        isolation_level="READ COMMITTED",
        skip_autocommit_rollback=True,
        pool_size=pool_size,
        max_overflow=10,
        pool_timeout=10,
        pool_use_lifo=True,
        use_native_hstore=False,
        query_cache_size=2000,
        json_serializer=_to_json,
        json_deserializer=exact_json.loads,
        connect_args={
            "prepare_threshold": 2,
            "connect_timeout": 5,
            "application_name": "fieldstone",
            "options": f"-c statement_timeout={milliseconds} -c timezone=UTC"
            # Before the statement's time is over, so that who waits for others is told just that.
            f" -c lock_timeout={max(1, milliseconds * 2 // 3)}"
            f" -c pg_trgm.word_similarity_threshold={_ALIKE}"
            " -c idle_in_transaction_session_timeout=300000",
        },
    )
    sa.event.listen(engine, "connect", _keep_more_prepared)
    sa.event.listen(engine, "checkout", _refuse_dead)
    sa.event.listen(engine, "rollback", _forget_prepared)
    sa.event.listen(engine, "rollback_savepoint", _forget_prepared)
    return engine


def _to_json(value: Any) -> str:
    return exact_json.dumps(value).decode()


def _keep_more_prepared(connection: Any, _record: Any) -> None:
    connection.prepared_max = 500


def _forget_prepared(connection: sa.Connection, *_of_savepoint: Any) -> None:
    """After a rollback the driver deallocates all statements of a connection, ours too."""
    if not connection.closed and not connection.invalidated:
        session_of(connection).forget_prepared()


def _refuse_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    """Replace a pooled connection whose server has gone.

    An idle connection has nothing to read; if it has, the server has closed it. The look costs microseconds,
    a `SELECT 1` would cost a round trip.
    """
    poll = select.poll()
    try:
        poll.register(connection.fileno(), select.POLLIN)
        gone = bool(poll.poll(0))
    except Exception:  # whatever the driver says of a dead connection
        gone = True
    if gone:
        raise sa.exc.DisconnectionError
