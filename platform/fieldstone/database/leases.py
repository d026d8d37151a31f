"""Who uses the embedded database: locks on two files that the system gives back when a process dies.

One process at a time starts or stops the database (`changing`). Every process that uses it holds a share of a
second lock; whoever gives back the last share knows that nobody else needs the database any more.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fieldstone.database.failures import EmbeddedDatabaseFailure

_PATIENCE = 120.0


@contextmanager
def changing(home: Path) -> Iterator[None]:
    """Be the only one that starts or stops the database of `home`; fails after two minutes of waiting."""
    handle = os.open(home / "database.change.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle, home)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, home: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not _try(handle):
        if time.monotonic() > deadline:
            raise EmbeddedDatabaseFailure(
                f"Another process has been starting or stopping the database in {home} for two minutes. "
                "Wait for it, or end it and try again.",
                code="database_busy",
            )
        time.sleep(0.02)


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Lease:
    """This process's share in the use of a database. Take it and give it back inside `changing`."""

    def __init__(self, home: Path) -> None:
        self._handle = os.open(home / "database.use.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def give_back(self) -> bool:
        """Stop using the database; True if nobody else uses it."""
        alone = _try(self._handle)
        os.close(self._handle)
        return alone
