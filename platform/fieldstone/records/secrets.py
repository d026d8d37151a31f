"""Secrets: opening one for what the platform itself does with it, and moving all of them to a new key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.grants import ADMIN
from fieldstone.context import Context
from fieldstone.database.keyring import NoSecretKeys
from fieldstone.errors import Forbidden, NotFound
from fieldstone.fields.secret import SecretType
from fieldstone.model.model import Entity, Field, Model

TOGETHER = 500
"""How many records are moved in one transaction."""


@dataclass(frozen=True)
class Rotated:
    """What became of the secrets of some records. lost: those under a key that is not known any more."""

    seen: int = 0
    renewed: int = 0
    lost: int = 0

    def __add__(self, other: Rotated) -> Rotated:
        return Rotated(self.seen + other.seen, self.renewed + other.renewed, self.lost + other.lost)


def open_secret(context: Context, entity: str, id_: UUID, field: str) -> str | None:
    """The text of a secret, for the platform and its plugins to use; it never leaves by an answer of theirs.

    Raises:
        Forbidden: the context does not act as an administrator or the system.
        NotFound: there is no such record or secret field.
        NoSecretKeys: it lies under a key that is not known.
    """
    if ADMIN not in context.principal.roles:
        raise Forbidden("Only the platform itself opens secrets.")
    found = context.model.entities.get(entity)
    if found is None or field not in (one.name for one in secret_fields(found)):
        raise NotFound(f"{entity} has no secret {field}.")
    column = found.table.c[field]
    with context.database.read() as connection:
        row = connection.execute(sa.select(column).where(found.table.c.id == id_)).first()
    if row is None:
        raise NotFound(f"There is no {entity} with the id {id_}.")
    return None if row[0] is None else context.database.keyring.open(row[0])


def secret_fields(entity: Entity) -> list[Field]:
    """The secrets among the fields of an entity."""
    return [field for field in entity.fields.values() if isinstance(field.type, SecretType)]


def with_secrets(model: Model) -> list[tuple[Entity, Field]]:
    """All secret fields."""
    return [(entity, field) for entity in model.entities.values() for field in secret_fields(entity)]


def rotate(context: Context) -> Iterator[Rotated]:
    """Put every secret, those in the recycle bin too, under the newest key; what was done, part by part.

    A record stays the same: it gets no new version and no entry in its history.
    """
    for entity, field in with_secrets(context.model):
        last: UUID | None = None
        while True:
            last, done = _rotate_some(context, entity, field, last)
            yield done
            if last is None:
                break


def _rotate_some(
    context: Context, entity: Entity, field: Field, after: UUID | None
) -> tuple[UUID | None, Rotated]:
    """Move the next records behind `after`; the last of them, None at the end."""
    table, column = entity.table, entity.table.c[field.name]
    which = [column.is_not(None), *([] if after is None else [table.c.id > after])]
    wanted = (
        sa.select(table.c.id, column).where(*which).order_by(table.c.id).limit(TOGETHER).with_for_update()
    )

    def work(connection: sa.Connection) -> tuple[UUID | None, Rotated]:
        rows = connection.execute(wanted).all()
        done = Rotated(seen=len(rows))
        for id_, sealed in rows:
            renewed, moved = _renewed(context, sealed)
            done += moved
            if renewed is not None:
                connection.execute(table.update().where(table.c.id == id_).values({field.name: renewed}))
        return (rows[-1][0] if len(rows) == TOGETHER else None), done

    return context.database.run_write(context.model.version, work)


def _renewed(context: Context, sealed: str) -> tuple[str | None, Rotated]:
    try:
        found = context.database.keyring.renewed(sealed)
    except NoSecretKeys:
        return None, Rotated(lost=1)
    return found, Rotated(renewed=int(found is not None))
