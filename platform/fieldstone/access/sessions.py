"""Log-in sessions of people: what a signed cookie has to hold, and whether it still counts."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.passwords import password_matches
from fieldstone.access.principals import principal_for_user
from fieldstone.access.users import find_user
from fieldstone.context import Principal
from fieldstone.database.database import Database
from fieldstone.errors import NotAuthenticated
from fieldstone.model.model import Model


@dataclass(frozen=True)
class Session:
    """What the cookie of a log-in holds.

    epoch: of the user's password at log-in; a new one ends all sessions.
    """

    user: UUID
    epoch: int


def log_in(database: Database, model: Model, email: str, password: str) -> Session:
    """A session for the user with this e-mail address and password.

    Raises NotAuthenticated, with one message for all reasons, so that nobody learns which addresses exist.
    """
    user = find_user(database, model, email)
    if not password_matches(database, user.id if user else None, password) or user is None or not user.active:
        raise NotAuthenticated("E-mail address and password do not fit together.", code="bad_log_in")
    return Session(user.id, _epoch(database, user.id))


def principal_for_session(database: Database, model: Model, session: Session) -> Principal:
    """Who acts in this session.

    Raises NotAuthenticated if it has ended or the user is not active any more.
    """
    if session.epoch != _kept_epoch(database, session.user):
        raise NotAuthenticated("This session has ended; log in again.", code="session_ended")
    return principal_for_user(database, model, session.user)


def end_sessions(database: Database, user: UUID) -> None:
    """End all sessions of `user`, everywhere."""
    table = database.system.credential
    with database.transaction() as connection:
        connection.execute(
            sa.update(table).where(table.c.user == user).values(session_epoch=table.c.session_epoch + 1)
        )


def _kept_epoch(database: Database, user: UUID) -> int:
    cache = database.rights_cache
    key = ("session_epoch", user)
    if key not in cache:
        cache[key] = _epoch(database, user)
    return int(cache[key])


def _epoch(database: Database, user: UUID) -> int:
    table = database.system.credential
    with database.read() as connection:
        return connection.scalar(sa.select(table.c.session_epoch).where(table.c.user == user)) or 0
