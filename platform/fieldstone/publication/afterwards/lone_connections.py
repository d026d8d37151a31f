"""A connection for work that only one process does at a time, and that takes as long as it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from fieldstone.database.database import Database

_PATIENT = {"statement_timeout": "0", "lock_timeout": "0", "client_connection_check_interval": "'2s'"}
"""To build an index takes as long as it takes, waits for all who began before, and ends with its process."""


@contextmanager
def alone(database: Database, work: str) -> Iterator[sa.Connection | None]:
    """A connection while no other process does `work`; None if one does. Each statement is a transaction.

    The database gives the work free when the connection ends, and so when its process is killed.
    """
    key = sa.func.hashtextextended(f"fieldstone.{work}.{database.schema}", 0)
    with database.read() as connection:
        if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(key))):
            yield None
            return
        try:
            for name, value in _PATIENT.items():
                connection.exec_driver_sql(f"SET {name} = {value}")
            yield connection
        finally:
            if not connection.invalidated:  # a lost one holds nothing any more
                connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))
                for name in _PATIENT:
                    connection.exec_driver_sql(f"RESET {name}")
