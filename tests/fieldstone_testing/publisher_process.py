"""A process that plans a publication once and carries it out in children, each ended at a step of its own.

`python -m fieldstone_testing.publisher_process URL FOLDER` reads lines from standard input, such as `kill 17`
or `disconnect 17`, and answers each with what became of the child. A step is a statement, or the commit; the
child ends, or its connection to the database does, before the step of that number. `measure` tells how many
steps there are up to the commit, at which it ends the child, and `finish` ends nothing.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import psycopg
import sqlalchemy as sa

from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.database.database import Database
from fieldstone.database.prepared import Bound, Prepared, Session
from fieldstone.errors import FieldstoneError
from fieldstone.publication.apply import Proposal, propose, publish
from fieldstone_metadata import read_layers

End = Callable[[psycopg.Connection[object]], None]


def main(address: str, folder: str) -> None:
    """Do what the lines say."""
    url = sa.make_url(address)
    database = Database(url, pool_size=2)
    proposal = replace(propose(database, read_layers(Path(folder))), allow_destructive=True)
    database.close()
    for line in sys.stdin:
        sys.stdout.write(f"{_outcome_of_child(url, proposal, line.split())}\n")
        sys.stdout.flush()


def _outcome_of_child(url: sa.URL, proposal: Proposal, order: list[str]) -> str:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _tell(writing, _carry_out(url, proposal, order, writing))
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    _, status = os.waitpid(child, 0)
    return told or f"signal {os.WTERMSIG(status)}"


def _tell(writing: int, told: str) -> NoReturn:
    os.write(writing, told.encode())
    os._exit(0)


def _carry_out(url: sa.URL, proposal: Proposal, order: list[str], writing: int) -> str:
    what, *number = order
    steps = Steps(int(number[0]) if number else 0, _kill if what == "kill" else _disconnect)
    if what == "measure":
        sa.event.listen(sa.Engine, "commit", lambda _: _tell(writing, str(steps.count + 1)))
    steps.watch()
    try:
        applied = publish(Database(url, pool_size=2), proposal, author=SYSTEM_USER, note="by a process")
    except FieldstoneError as error:
        return error.code
    return f"version {applied.version}"


def _kill(_driver: psycopg.Connection[object]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _disconnect(driver: psycopg.Connection[object]) -> None:
    """As an administrator ends a connection; returns when it has ended."""
    info = driver.info
    with psycopg.connect(host=info.host, port=info.port, user=info.user, dbname=info.dbname) as other:
        other.execute("SELECT pg_terminate_backend(%s, 60000)", [info.backend_pid])


class Steps:
    """Counts the steps of this process, whatever way they take to the database, and ends at one of them."""

    def __init__(self, last: int, end: End) -> None:
        self.count = 0
        self._last = last
        self._end = end

    def watch(self) -> None:
        """Count from now on."""
        sa.event.listen(sa.Engine, "before_cursor_execute", self._through_sqlalchemy)
        sa.event.listen(sa.Engine, "commit", self._commit)
        execute = Session.execute

        def executed(session: Session, statement: Prepared, bound: Bound) -> object:
            self._step(session.driver)
            return execute(session, statement, bound)

        Session.execute = executed  # type: ignore[method-assign, assignment]  # in this process only

    def _through_sqlalchemy(self, connection: sa.Connection, *_rest: object) -> None:
        self._commit(connection)

    def _commit(self, connection: sa.Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        self._step(driver)

    def _step(self, driver: psycopg.Connection[object]) -> None:
        self.count += 1
        if self.count == self._last:
            self._end(driver)


if __name__ == "__main__":
    main(*sys.argv[1:])
