"""Users as those who act: with their teams, their roles and what these may do, ready for every request.

What is computed here is kept in `database.rights_cache`, which is emptied as soon as a user, a team, an
assignment of roles or a token changes. A principal that is kept costs no query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.tokens import Token, find_token
from fieldstone.context import Principal
from fieldstone.database.database import Database
from fieldstone.errors import NotAuthenticated
from fieldstone.model.model import Model

T = TypeVar("T")
_MOST_KEPT = 50_000


def principal_for_user(database: Database, model: Model, user: UUID) -> Principal:
    """The principal of an active user. Raises NotAuthenticated if there is none of that id."""
    found = _kept(
        database, ("principal", model.version, user), lambda: _read_principal(database, model, user)
    )
    if found is None:
        raise NotAuthenticated("This user does not exist or is not active.", code="user_inactive")
    return found


def principal_for_token(database: Database, model: Model, text: str, now: datetime) -> Principal:
    """Who acts with this token, within its limits.

    Raises NotAuthenticated if it is unknown, expired or revoked.
    """
    token = _kept(database, ("token", text), lambda: _read_token(database, text))
    if token is None or token.revoked_at is not None:
        raise NotAuthenticated("The token is not known or was revoked.", code="bad_token")
    if token.expires_at is not None and token.expires_at <= now:
        raise NotAuthenticated("The token has expired; make a new one.", code="token_expired")
    return _limited(principal_for_user(database, model, token.user), token)


def _limited(principal: Principal, token: Token) -> Principal:
    unlimited = token.limits.entities is None and token.limits.verbs is None
    return principal if unlimited else replace(principal, limits=token.limits)


def _kept(database: Database, key: Any, read: Callable[[], T | None]) -> T | None:
    """What is kept under `key`, or else what `read` gives, kept if there is something."""
    # Taken before reading: if rights change meanwhile, the outcome lands in a cache that nobody looks at
    # any more.
    cache = database.rights_cache
    found: T | None = cache.get(key)
    if found is None:
        found = read()
        if found is not None and len(cache) < _MOST_KEPT:
            cache[key] = found
    return found


def _read_token(database: Database, text: str) -> Token | None:
    with database.read() as connection:
        return find_token(connection, database, text)


def _read_principal(database: Database, model: Model, user: UUID) -> Principal | None:
    table = model.entities["user"].table
    active = sa.and_(table.c.id == user, table.c.deleted_at.is_(None), table.c.active.is_(True))
    with database.read() as connection:
        row = connection.execute(sa.select(table).where(active)).first()
        if row is None:
            return None
        own = _own_teams(connection, model, user)
        below = _teams_below(connection, model, own)
        held = _assigned_roles(connection, model, user, own)
    roles = roles_with_inherited(model, held)
    return Principal(
        user=user,
        name=row.name,
        email=row.email or "",
        roles=roles,
        teams=(*own, *below),
        capabilities=frozenset().union(*(model.roles[role].capabilities for role in roles)),
        locale=row.locale or "en",
        timezone=row.timezone,
    )


def roles_with_inherited(model: Model, held: Iterable[str]) -> frozenset[str]:
    """Roles that exist among `held`, with all that they inherit. A role that was removed grants nothing."""
    known = [model.roles[name] for name in held if name in model.roles]
    return frozenset(name for role in known for name in (role.name, *role.inherits))


def _own_teams(connection: sa.Connection, model: Model, user: UUID) -> list[UUID]:
    """The live teams that the user is a member of, the oldest first."""
    link = model.entities["user"].fields["teams"].link
    if link is None:
        return []
    team = model.entities["team"].table
    statement = (
        sa.select(team.c.id)
        .join(link.table, link.target == team.c.id)
        .where(link.source == user, team.c.deleted_at.is_(None))
        .order_by(team.c.id)
    )
    return list(connection.scalars(statement))


def _teams_below(connection: sa.Connection, model: Model, own: list[UUID]) -> list[UUID]:
    """All live teams below `own`, without them."""
    if not own:
        return []
    team = model.entities["team"].table
    live = team.c.deleted_at.is_(None)
    # UNION without ALL ends the recursion even where somebody made a team its own ancestor.
    below = sa.select(team.c.id).where(team.c.parent.in_(own), live).cte("below", recursive=True)
    below = below.union(sa.select(team.c.id).where(team.c.parent == below.c.id, live))
    statement = sa.select(below.c.id).where(below.c.id.not_in(own)).order_by(below.c.id)
    return list(connection.scalars(statement))


def _assigned_roles(connection: sa.Connection, model: Model, user: UUID, teams: list[UUID]) -> list[str]:
    """Role names assigned to the user or to a team that the user is a member of."""
    table = model.entities["role_assignment"].table
    whose = sa.or_(table.c.holder__user == user, table.c.holder__team.in_(teams))
    statement = sa.select(table.c.role).where(table.c.deleted_at.is_(None), whose).distinct()
    return list(connection.scalars(statement))
