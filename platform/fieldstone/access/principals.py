"""Users as those who act: with their teams, their roles and what these may do, ready for every request.

What is computed here is kept in `database.rights_cache`, which is emptied as soon as a user, a team, an
assignment of roles or a token changes. A principal that is kept costs no query.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
Holdings = Mapping[UUID, Collection[str]]
"""User or team → names of roles."""
Teams = Mapping[UUID, Sequence[UUID]]
"""Team → teams below or above it."""

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
    key = ("principal by token", model.version, text)
    found = _kept(database, key, lambda: _limited(principal_for_user(database, model, token.user), token))
    assert found is not None
    return found


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
    with database.read() as connection:
        return principals_of(connection, model, [user]).get(user)


def principals_of(connection: sa.Connection, model: Model, users: Sequence[UUID]) -> dict[UUID, Principal]:
    """The principals of those of `users` who are active; at most four statements, however many they are."""
    table = model.entities["user"].table
    active = sa.and_(table.c.id.in_(users), table.c.deleted_at.is_(None), table.c.active.is_(True))
    found = connection.execute(sa.select(table).where(active)).all() if users else []
    if not found:
        return {}
    own = _own_teams(connection, model, [row.id for row in found])
    all_teams = {team for teams in own.values() for team in teams}
    below, above = _teams_around(connection, model, all_teams)
    held = _assigned_roles(connection, model, list(own), all_teams)
    return {row.id: _principal(model, row, own[row.id], (below, above), held) for row in found}


def _principal(
    model: Model, row: Any, own: Sequence[UUID], around: tuple[Teams, Teams], held: Holdings
) -> Principal:
    reached, over = (
        sorted({team for one in own for team in teams.get(one, ())} - set(own)) for teams in around
    )
    roles = roles_with_inherited(model, {role for who in (row.id, *own) for role in held.get(who, ())})
    return Principal(
        user=row.id,
        name=row.name,
        email=row.email or "",
        roles=roles,
        teams=(*own, *reached),
        capabilities=frozenset().union(*(model.roles[role].capabilities for role in roles)),
        locale=row.locale or "en",
        timezone=row.timezone,
        teams_above=tuple(over),
    )


def roles_with_inherited(model: Model, held: Iterable[str]) -> frozenset[str]:
    """Roles that exist among `held`, with all that they inherit. A role that was removed grants nothing."""
    known = [model.roles[name] for name in held if name in model.roles]
    return frozenset(name for role in known for name in (role.name, *role.inherits))


def _own_teams(connection: sa.Connection, model: Model, users: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """User → the live teams that the user is a member of, the oldest first."""
    found: dict[UUID, list[UUID]] = {user: [] for user in users}
    link = model.entities["user"].fields["teams"].link
    if link is None:
        return found
    team = model.entities["team"].table
    pairs = link.pairs()
    statement = (
        sa.select(pairs.source, team.c.id)
        .join(pairs.rows, pairs.target == team.c.id)
        .where(pairs.source.in_(users), team.c.deleted_at.is_(None), *pairs.conditions)
        .order_by(team.c.id)
    )
    for user, id_ in connection.execute(statement):
        found[user].append(id_)
    return found


def _teams_around(connection: sa.Connection, model: Model, starts: Collection[UUID]) -> tuple[Teams, Teams]:
    """Team → all live teams below it, and all above it; teams without any are absent."""
    below: dict[UUID, list[UUID]] = defaultdict(list)
    above: dict[UUID, list[UUID]] = defaultdict(list)
    if starts:
        team = model.entities["team"].table
        found = sa.union_all(_below(team, starts), _above(team, starts))
        for row in connection.execute(found).mappings():
            (above if row["upwards"] else below)[row["top"]].append(row["id"])
    return below, above


def _below(team: sa.Table, tops: Collection[UUID]) -> sa.Select[tuple[bool, UUID, UUID]]:
    live = team.c.deleted_at.is_(None)
    # UNION without ALL ends the recursion even where somebody made a team its own ancestor.
    first = sa.select(team.c.parent.label("top"), team.c.id).where(team.c.parent.in_(tops), live)
    found = first.cte("below", recursive=True)
    found = found.union(sa.select(found.c.top, team.c.id).where(team.c.parent == found.c.id, live))
    return sa.select(sa.false().label("upwards"), found.c.top, found.c.id)


def _above(team: sa.Table, starts: Collection[UUID]) -> sa.Select[tuple[bool, UUID, UUID]]:
    live = team.c.deleted_at.is_(None)
    first = sa.select(team.c.id.label("start"), team.c.parent.label("id")).where(team.c.id.in_(starts), live)
    found = first.cte("above", recursive=True)
    found = found.union(sa.select(found.c.start, team.c.parent).where(team.c.id == found.c.id, live))
    return sa.select(sa.true(), found.c.start, found.c.id).where(found.c.id.is_not(None))


def _assigned_roles(
    connection: sa.Connection, model: Model, users: Sequence[UUID], teams: Collection[UUID]
) -> Holdings:
    """User or team → names of the roles assigned to it."""
    table = model.entities["role_assignment"].table
    holder = sa.func.coalesce(table.c.holder__user, table.c.holder__team, type_=sa.Uuid())
    whose = sa.or_(table.c.holder__user.in_(users), table.c.holder__team.in_(teams))
    held: dict[UUID, set[str]] = defaultdict(set)
    for who, role in connection.execute(
        sa.select(holder, table.c.role).where(table.c.deleted_at.is_(None), whose)
    ):
        held[who].add(role)
    return held


def holders_of(connection: sa.Connection, model: Model, roles: Collection[str]) -> list[UUID]:
    """The users who hold one of some roles, directly, through a team of theirs or by inheritance, in the
    order of their ids; whether they are active is not asked.
    """
    giving = [name for name, one in model.roles.items() if not {name, *one.inherits}.isdisjoint(roles)]
    assigned, link = model.entities["role_assignment"].table, model.entities["user"].fields["teams"].link
    team = model.entities["team"].table
    held = sa.and_(assigned.c.role.in_(giving), assigned.c.deleted_at.is_(None))
    direct = sa.select(assigned.c.holder__user.label("user")).where(
        held, assigned.c.holder__user.is_not(None)
    )
    if link is None:
        return sorted(connection.scalars(direct))
    pairs = link.pairs()
    member = sa.and_(team.c.id == pairs.target, team.c.deleted_at.is_(None), *pairs.conditions)
    members = (
        sa.select(pairs.source.label("user"))
        .join(team, member)
        .join(assigned, sa.and_(assigned.c.holder__team == team.c.id, held))
    )
    return sorted(connection.scalars(sa.union(direct, members)))
