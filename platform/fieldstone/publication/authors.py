"""Who published: names for the list of versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import sqlalchemy as sa

from fieldstone.database.database import Database


def author_names(database: Database, authors: Collection[UUID]) -> Mapping[UUID, str]:
    """User → name. Needs no model, which may take long to load and may be of a newer Fieldstone."""
    user = sa.table("user", sa.column("id"), sa.column("name"), schema=database.schema)
    if not authors:
        return {}
    with database.read() as connection:
        rows = connection.execute(sa.select(user.c.id, user.c.name).where(user.c.id.in_(authors)))
        return {row.id: row.name for row in rows}
