"""One PostgreSQL server for a whole test run, shared by all workers; databases are cloned."""

from __future__ import annotations

import fcntl
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import sqlalchemy as sa

from fieldstone.database.embedded import EmbeddedDatabase, at, start
from fieldstone.database.failures import EmbeddedDatabaseFailure
from fieldstone_testing.fast_folders import all_folders, fast_folder

UNSAFE_AND_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "128MB",
}


PREFIX = "fieldstone-tests-"
OLD_SECONDS = 2 * 3600
KEPT = 60
"""How many databases to clone from are kept, ten megabytes each. Tests that share one follow each other."""


class Cluster:
    """A share in the server of this test run.

    Whichever process comes first starts it, the last one removes it.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self._embedded: EmbeddedDatabase = start(home, UNSAFE_AND_FAST)

    @classmethod
    def of_run(cls, name: str) -> Cluster:
        """The server of a test run. Not in pytest's folder, where another run may sweep it away."""
        _remove_left_over()
        homes = [folder / f"{PREFIX}{name}" for folder in (*all_folders(), fast_folder())]
        return cls(next((home for home in homes if home.exists()), homes[-1]))

    def url(self, database: str) -> sa.URL:
        """How to connect to a database of the server."""
        return self._embedded.url(database)

    def clone(self, template: str, build: Callable[[sa.URL], None]) -> sa.URL:
        """A new database like `template`, which `build` fills the first time that any process asks for it."""
        marker = self.home / f"{template}.built"
        name = f"test_{uuid.uuid4().hex[:16]}"
        with self._lock(template):
            is_new = not marker.exists()
            if is_new:
                self._rebuild(template, build)
            marker.touch()
            self._create(name, template)
        if is_new:
            self._remove_unused()
        return self.url(name)

    def empty(self) -> sa.URL:
        """A new, empty database."""
        name = f"test_{uuid.uuid4().hex[:16]}"
        self._create(name, "template1")
        return self.url(name)

    def drop(self, url: sa.URL) -> None:
        """Remove a database, whoever is still connected to it."""
        self._execute(f'DROP DATABASE IF EXISTS "{url.database}" WITH (FORCE)')

    def close(self) -> None:
        """Give the share back; the last one stops the server and removes its files."""
        self._embedded.release()
        if self._embedded.pid() is None:
            shutil.rmtree(self.home, ignore_errors=True)

    def _rebuild(self, template: str, build: Callable[[sa.URL], None]) -> None:
        self.drop(self.url(template))
        self._create(template, "template1")
        build(self.url(template))

    def _remove_unused(self) -> None:
        """Remove those databases to clone from that nobody has asked for since `KEPT` others."""
        with self._lock("unused"):
            by_use = sorted(self.home.glob("*.built"), key=lambda marker: marker.stat().st_mtime)
            for marker in by_use[:-KEPT]:
                with self._lock(marker.stem):
                    marker.unlink()
                    self.drop(self.url(marker.stem))

    def _create(self, name: str, template: str) -> None:
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')

    def _execute(self, statement: str) -> None:
        url = self.url("postgres")
        host = str(url.query["host"])
        with psycopg.connect(host=host, user=url.username, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        with (self.home / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _is_old(home: Path) -> bool:
    try:
        return time.time() - home.stat().st_mtime > OLD_SECONDS
    except FileNotFoundError:  # another worker, or the run that it belonged to, has just removed it
        return False


def _remove_left_over() -> None:
    """Remove servers of runs that were killed long ago."""
    for home in (home for folder in all_folders() for home in folder.glob(f"{PREFIX}*")):
        if _is_old(home):
            # A folder that somebody removed by half cannot be started, and would stop every later run.
            with suppress(EmbeddedDatabaseFailure):
                start(home, UNSAFE_AND_FAST).release()
            if at(home).pid() is None:
                shutil.rmtree(home, ignore_errors=True)
