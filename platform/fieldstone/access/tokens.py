"""Bearer tokens: made once, shown once, kept as hashes; each acts as its user, perhaps with less rights."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from fieldstone.context import TokenLimits
from fieldstone.database.database import Database
from fieldstone.errors import NotFound

PREFIX = "fst_"
VERBS = frozenset({"read", "create", "update", "delete"})


@dataclass(frozen=True)
class Token:
    """What is known of a token; never the token itself."""

    id: UUID
    user: UUID
    name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    limits: TokenLimits


def create_token(
    database: Database,
    user: UUID,
    *,
    author: UUID,
    now: datetime,
    name: str = "",
    lifetime: timedelta | None = None,
    limits: TokenLimits | None = None,
) -> str:
    """A new token of `user`, made by `author`. The text that is returned is kept nowhere."""
    text = PREFIX + secrets.token_urlsafe(32)
    given = limits or TokenLimits()
    values = {
        "hash": token_hash(text),
        "user": user,
        "name": name,
        "created_by": author,
        "created_at": now,
        "expires_at": now + lifetime if lifetime else None,
        "entities": sorted(given.entities) if given.entities is not None else None,
        "verbs": sorted(given.verbs) if given.verbs is not None else None,
    }
    with database.transaction() as connection:
        connection.execute(sa.insert(database.system.token).values(values))
    return text


def token_hash(text: str) -> bytes:
    """What is kept of a token. It is 256 bits of chance, so a fast hash without salt is enough."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def find_token(connection: sa.Connection, database: Database, text: str) -> Token | None:
    """The token whose text this is, whether it still counts or not; None if there never was one."""
    return _first(connection, database, database.system.token.c.hash == token_hash(text))


def list_tokens(database: Database, user: UUID) -> list[Token]:
    """All tokens of `user`, newest first."""
    table = database.system.token
    statement = sa.select(table).where(table.c.user == user).order_by(table.c.created_at.desc())
    with database.read() as connection:
        return [_token(row) for row in connection.execute(statement)]


def revoke_token(database: Database, token: UUID, now: datetime) -> None:
    """End a token for good. Raises NotFound if there is no such token."""
    table = database.system.token
    statement = sa.update(table).where(table.c.id == token).returning(table.c.id)
    with database.transaction() as connection:
        revoked = sa.func.coalesce(table.c.revoked_at, now)
        if connection.execute(statement.values(revoked_at=revoked)).first() is None:
            raise NotFound(f"There is no token {token}.")


def _first(connection: sa.Connection, database: Database, condition: sa.ColumnElement[bool]) -> Token | None:
    row = connection.execute(sa.select(database.system.token).where(condition)).first()
    return None if row is None else _token(row)


def _token(row: sa.Row[tuple[object, ...]]) -> Token:
    return Token(
        id=row.id,
        user=row.user,
        name=row.name,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        limits=TokenLimits(_names(row.entities), _names(row.verbs)),
    )


def _names(given: Iterable[str] | None) -> frozenset[str] | None:
    return None if given is None else frozenset(given)
