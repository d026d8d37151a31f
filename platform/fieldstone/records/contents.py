"""The contents of files that are no more: removed from the storage once the database has forgotten them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from fieldstone.context import Context
from fieldstone.database.afterwards import after_commit
from fieldstone.database.database import Database
from fieldstone.model.model import Model
from fieldstone_metadata.names import FILE


def remove_afterwards(connection: sa.Connection, context: Context, files: Sequence[UUID]) -> None:
    """Remove the contents of purged files as soon as the transaction is committed."""
    database, model = context.database, context.model
    if files:
        after_commit(connection, lambda: remove_unknown(database, model, files))


def remove_unknown(database: Database, model: Model, files: Collection[UUID]) -> int:
    """Remove the contents among these that no record is left of; how many they were."""
    gone = set(files) - known(database, model, files)
    for id_ in gone:
        database.files.remove(id_)
    return len(gone)


def known(database: Database, model: Model, files: Collection[UUID]) -> set[UUID]:
    """Those ids that files have, in the bin or not. The right to see them is not asked."""
    table = model.entities[FILE].table
    ids = sa.bindparam("ids", list(files), type_=postgresql.ARRAY(postgresql.UUID(as_uuid=True)))
    with database.read() as connection:
        return set(connection.execute(sa.select(table.c.id).where(table.c.id == sa.any_(ids))).scalars())
