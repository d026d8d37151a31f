"""Where tests play: a publication in schemas of its own, inside a transaction that is never committed.

So nothing has to be cleaned up. However the process ends, PostgreSQL takes everything back. Runs on one
database do not wait for each other: nothing that they lock is known to anybody else.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from fieldstone.access.system_user import SYSTEM_USER
from fieldstone.database.database import Database
from fieldstone.database.joined import JoinedDatabase
from fieldstone.database.keyring import new_key
from fieldstone.database.migrations import share_extensions
from fieldstone.model.model import Model
from fieldstone.publication.apply import apply
from fieldstone.publication.current import load_model
from fieldstone_metadata import Layer

_LONGEST_STATEMENT = 60.0
"""Seconds."""


@dataclass(frozen=True)
class Stage:
    """A published application. database: takes part in `connection`'s transaction, whoever uses it."""

    database: JoinedDatabase
    connection: sa.Connection
    model: Model


@contextmanager
def staged(url: str | sa.URL, layers: Sequence[Layer]) -> Iterator[Stage]:
    """Publish `layers` over core and what they require; at the end it has never been.

    Raises what `apply` raises, NotAccepted and PlanRefused above all.
    """
    server = Database(
        url,
        tenant=f"test_{secrets.token_hex(8)}",
        pool_size=1,
        statement_timeout=_LONGEST_STATEMENT,
        secret_keys=[new_key()],
    )
    try:
        with server.transaction() as connection:
            share_extensions(connection)
        with server.discarded() as connection:
            database = JoinedDatabase(server, connection)
            database.prepare()
            applied = apply(database, layers, author=SYSTEM_USER, note="test")
            yield Stage(database, connection, load_model(database, applied.version))
    finally:
        server.close()
