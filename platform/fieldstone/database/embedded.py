"""The embedded PostgreSQL: a real server from a Python wheel, working in a folder of this installation.

Whoever needs it first starts it, others join, and the last one to leave stops it. It survives the death of
its users: the next one finds the running server and takes it over. It listens on a Unix socket only, in a
folder that nobody but its account may enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psycopg
import sqlalchemy as sa

from fieldstone.database import cluster
from fieldstone.database.leases import Lease, changing
from fieldstone.database.postmaster import running_postmaster

DATABASE = "fieldstone"


class EmbeddedDatabase:
    """A share in the running embedded database of `home`. Made by `start`; `release` it when done."""

    def __init__(self, home: Path, settings: Mapping[str, str]) -> None:
        self.home = home
        self._settings = settings
        self._lease: Lease | None = None

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.home / "database"

    def url(self, database: str = DATABASE) -> sa.URL:
        """How to connect to one of its databases."""
        query = {"host": str(cluster.socket_folder(self.data))}
        return sa.URL.create("postgresql+psycopg", cluster.SUPERUSER, database=database, query=query)

    def pid(self) -> int | None:
        """The process id of the server, or None while it does not run."""
        found = running_postmaster(self.data)
        return found.pid if found else None

    def acquire(self) -> None:
        """Have the server running and take a share in it."""
        with changing(self.home):
            cluster.ensure_running(self.data, self._settings)
            self._lease = Lease(self.home)
            self._ensure_database()

    def ensure_running(self) -> bool:
        """Start the server again if it has died; True if that was needed. Otherwise a look at a file."""
        if self.pid() is not None:
            return False
        with changing(self.home):
            return cluster.ensure_running(self.data, self._settings)

    def release(self) -> None:
        """Give the share back, and stop the server if nobody else uses it."""
        if self._lease is None:
            return
        with changing(self.home):
            alone, self._lease = self._lease.give_back(), None
            if alone:
                cluster.stop(self.data)

    def _ensure_database(self) -> None:
        host = str(cluster.socket_folder(self.data))
        with psycopg.connect(
            host=host, user=cluster.SUPERUSER, dbname="postgres", autocommit=True
        ) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f'CREATE DATABASE "{DATABASE}"')


def at(home: Path) -> EmbeddedDatabase:
    """The embedded database of `home`, without a share in it: for workers of a process that has one."""
    return EmbeddedDatabase(cluster.usable_home(home), {})


def start(home: Path, settings: Mapping[str, str] | None = None) -> EmbeddedDatabase:
    """Have the embedded database of `home` running, and return a share in it.

    settings: PostgreSQL settings beyond ours; they count only for whoever starts the server.
    Raises EmbeddedDatabaseFailure: folder not writable, of another PostgreSQL version, disk full, and so on.
    """
    database = EmbeddedDatabase(cluster.usable_home(home), settings or {})
    database.acquire()
    return database
