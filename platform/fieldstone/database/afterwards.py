"""What is done once a transaction has been committed, such as removing what nothing refers to any more."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
import structlog

Call = Callable[[], object]
_KEY = "fieldstone.afterwards"
_log = structlog.get_logger()


def after_commit(connection: sa.Connection, call: Call) -> None:
    """Run `call` after the transaction of `connection` has been committed, and never if it is not.

    It has to look again at what is so by then: a savepoint may have taken back what it was meant for.
    """
    connection.info.setdefault(_KEY, []).append(call)


def begin_waiting(connection: sa.Connection) -> list[Call]:
    """What will have to be run after the transaction that begins now; it is filled while that lasts."""
    waiting: list[Call] = []
    connection.info[_KEY] = waiting
    return waiting


def run_waiting(waiting: list[Call]) -> None:
    """Run what has waited. The data are committed: what fails now is logged, and nobody is told of it."""
    for call in waiting:
        try:
            call()
        except Exception as error:  # whatever it is, the write itself has succeeded
            _log.warning("afterwards.failed", error=str(error))
