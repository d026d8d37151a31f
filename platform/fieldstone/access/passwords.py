"""Passwords: kept as argon2id hashes, checked in a time that does not tell whether the user exists."""

from __future__ import annotations

import functools
from uuid import UUID

import argon2
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from fieldstone.database.database import Database
from fieldstone.errors import FieldError, Invalid

SHORTEST = 10
LONGEST = 200
STRENGTH = argon2.profiles.RFC_9106_LOW_MEMORY  # of what is hashed from now on; kept hashes say their own


def set_password(database: Database, user: UUID, password: str) -> None:
    """Give `user` a new password and end all sessions of the user.

    Raises Invalid for one that is too weak.
    """
    with database.transaction() as connection:
        store_password(connection, database, user, password)


def store_password(connection: sa.Connection, database: Database, user: UUID, password: str) -> None:
    """As `set_password`, in the caller's transaction."""
    _check_strength(password)
    table = database.system.credential
    values = {"user": user, "password_hash": _hasher().hash(password)}
    statement = insert(table).values(values)
    renewed = {
        "password_hash": statement.excluded.password_hash,
        "session_epoch": table.c.session_epoch + 1,
        "changed_at": sa.func.now(),
    }
    connection.execute(statement.on_conflict_do_update(index_elements=[table.c.user], set_=renewed))


def password_matches(database: Database, user: UUID | None, password: str) -> bool:
    """Whether `password` is the one of `user`; False for nobody, after the same work as for somebody."""
    kept = _kept_hash(database, user)
    try:
        _hasher().verify(kept or _hash_of_nothing(), password[:LONGEST])
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
    return kept is not None


def _kept_hash(database: Database, user: UUID | None) -> str | None:
    if user is None:
        return None
    table = database.system.credential
    with database.read() as connection:
        found: str | None = connection.scalar(sa.select(table.c.password_hash).where(table.c.user == user))
    return found


def _hasher() -> argon2.PasswordHasher:
    return argon2.PasswordHasher.from_parameters(STRENGTH)


@functools.cache
def _hash_of_nothing() -> str:
    return _hasher().hash("no such user")


def _check_strength(password: str) -> None:
    if len(password) < SHORTEST:
        raise _weak(f"A password has at least {SHORTEST} characters.")
    if len(password) > LONGEST:
        raise _weak(f"A password has at most {LONGEST} characters.")
    if len(set(password)) < 4:
        raise _weak("A password has at least four different characters.")


def _weak(message: str) -> Invalid:
    return Invalid(message, code="weak_password", errors=[FieldError("password", "weak_password", message)])
