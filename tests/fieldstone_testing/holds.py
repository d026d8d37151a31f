"""Writers and readers that are stopped in the middle of their work, so that a test can act meanwhile.

Nothing here depends on how fast anybody is: a lock is held until whoever is meant is seen waiting for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa

from fieldstone_testing.apps import App

MARK = "halt at the gate"
"""Whoever writes a history entry with this text waits at a closed gate, with everything written."""

T = TypeVar("T")
_SECONDS = 60
_GATE = f"""
CREATE FUNCTION main_system.stop_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM written WHERE changes::text LIKE '%{MARK}%') THEN
    PERFORM pg_advisory_xact_lock_shared(4711);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER stop_at_gate AFTER INSERT ON main_system.history REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION main_system.stop_at_gate()
"""
_GATE_AT_COMMIT = """
CREATE FUNCTION main_system.wait_at_commit() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW {when} EXECUTE FUNCTION main_system.wait_at_commit()
"""
_CLOSED = "SELECT pg_advisory_xact_lock(4711)"
_WAITING = """SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' ORDER BY query_start"""
_IN_USE = """SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid() AND mode <> 'AccessShareLock'
AND relation IN (SELECT oid FROM pg_class WHERE relnamespace::regnamespace::text IN ('main', 'main_system'))
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; fails after a minute."""
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Hold:
    """A lock that a test holds."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._lock = connection.begin()

    def until_waiting(self, count: int = 1) -> list[int]:
        """Wait until so many connections of the database wait for a lock; which ones."""
        until(lambda: len(self._waiting()) >= count)
        return self._waiting()

    def cancel(self, count: int = 1) -> None:
        """Have the server stop the statement of who waits, as it does when one takes too long."""
        for pid in self.until_waiting(count):
            self._ask("SELECT pg_cancel_backend(:pid)", pid=pid)

    def disconnect(self, count: int = 1) -> None:
        """Have the server end the connection of who waits."""
        for pid in self.until_waiting(count):
            self._ask("SELECT pg_terminate_backend(:pid, 60000)", pid=pid)

    def commit(self) -> None:
        """Let the others go on, with what the statement of the test did."""
        self._lock.commit()

    def release(self) -> None:
        """Let the others go on."""
        if self._lock.is_active:
            self._lock.rollback()

    def _waiting(self) -> list[int]:
        # The statistics are those of the beginning of the transaction, unless they are forgotten.
        self._ask("SELECT pg_stat_clear_snapshot()")
        return [pid for (pid,) in self._ask(_WAITING)]

    def _ask(self, statement: str, **parameters: object) -> list[sa.Row[tuple[int]]]:
        return list(self._connection.execute(sa.text(statement), parameters))


@contextmanager
def holding(app: App, statement: str) -> Iterator[Hold]:
    """Hold the locks of a statement, such as `LOCK TABLE main.deal IN EXCLUSIVE MODE`, until released."""
    engine = sa.create_engine(app.database.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        hold = Hold(connection)
        try:
            connection.execute(sa.text(statement))
            yield hold
        finally:
            hold.release()


def put_gate(app: App) -> None:
    """Give the database of an app a gate, which stands open."""
    app.sql(_GATE)


def put_gate_at_commit(app: App, table: str, when: str = "") -> None:
    """A gate at which the commit of whoever has inserted into `table` waits. when: only for such rows."""
    app.sql(_GATE_AT_COMMIT.format(table=table, when=when))


@contextmanager
def closed_gate(app: App) -> Iterator[Hold]:
    """The gate, closed until released."""
    with holding(app, _CLOSED) as hold:
        yield hold


def in_use(app: App) -> bool:
    """Whether anybody but the test has locked anything for writing."""
    return app.sql(_IN_USE)[0][0] != 0


def at_one_moment(app: App, table: str, *calls: Callable[[], T]) -> list[T]:
    """What calls give that have all come as far as to wait for `table`, and then go on together."""
    with (
        holding(app, f"LOCK TABLE {table} IN EXCLUSIVE MODE") as hold,
        ThreadPoolExecutor(len(calls)) as pool,
    ):
        answers = []
        for number, call in enumerate(calls, 1):
            answers.append(pool.submit(call))
            hold.until_waiting(number)
        hold.release()
        return [answer.result(_SECONDS) for answer in answers]


def end_connections(app: App) -> None:
    """End all connections to the database of an app, as a restart of the server does."""
    others = (
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    with holding(app, others):
        pass
