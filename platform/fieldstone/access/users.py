"""Users as the command line and the log-in know them: found by e-mail address, made with roles and teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from fieldstone import records
from fieldstone.access.passwords import set_password
from fieldstone.context import Context
from fieldstone.database.database import Database
from fieldstone.errors import FieldError, Invalid, NotFound
from fieldstone.model.model import Model


@dataclass(frozen=True)
class User:
    """A user in short."""

    id: UUID
    name: str
    email: str
    active: bool


def find_user(database: Database, model: Model, email: str) -> User | None:
    """The user with this e-mail address, however its letters are cased; None if there is none."""
    wanted_email = email.strip().lower()
    if not wanted_email.isprintable():
        return None  # no address holds such a character, and no text of the database NUL
    table = model.entities["user"].table
    wanted = sa.func.lower(table.c.email) == wanted_email
    found = _users(database, model, wanted)
    return found[0] if found else None


def require_user(database: Database, model: Model, email: str) -> User:
    """As `find_user`, but raises NotFound."""
    found = find_user(database, model, email)
    if found is None:
        raise NotFound(f"There is no user with the e-mail address {email}.", code="unknown_user")
    return found


def list_users(database: Database, model: Model) -> list[User]:
    """All users but the system's own, by name."""
    table = model.entities["user"].table
    return _users(database, model, sa.not_(table.c.email.endswith(".invalid")))


def create_user(
    context: Context,
    *,
    email: str,
    name: str,
    password: str | None,
    roles: Sequence[str] = (),
    teams: Sequence[str] = (),
) -> UUID:
    """A new user with a password, roles and teams (by name; a team that does not exist is made).

    Raises Invalid for an unknown role, a weak password or a bad address, and Conflict for one that is taken.
    """
    _check_roles(context.model, roles)
    members = [{"id": str(team_named(context, team)), "entity": "team"} for team in teams]
    values = {"email": email.strip().lower(), "name": name, "active": True, "teams": members}
    user = records.create(context, "user", [values])[0].id
    if password is not None:
        set_password(context.database, user, password)
    assign_roles(context, user, roles)
    return user


def assign_roles(context: Context, user: UUID, roles: Sequence[str]) -> None:
    """Let `user` hold `roles` besides those held already."""
    reference = {"id": str(user), "entity": "user"}
    if roles:
        records.create(context, "role_assignment", [{"holder": reference, "role": role} for role in roles])


def team_named(context: Context, name: str) -> UUID:
    """The live team of this name, made if there is none."""
    table = context.model.entities["team"].table
    statement = sa.select(table.c.id).where(table.c.name == name, table.c.deleted_at.is_(None)).limit(1)
    with context.database.read() as connection:
        found: UUID | None = connection.scalar(statement)
    return found or records.create(context, "team", [{"name": name}])[0].id


def _check_roles(model: Model, roles: Sequence[str]) -> None:
    unknown = [role for role in roles if role not in model.roles]
    if unknown:
        known = ", ".join(sorted(model.roles))
        message = f"There is no role {unknown[0]}; known are {known}."
        raise Invalid(message, code="unknown_role", errors=[FieldError("role", "unknown_role", message)])


def _users(database: Database, model: Model, condition: sa.ColumnElement[bool]) -> list[User]:
    table = model.entities["user"].table
    columns = (table.c.id, table.c.name, table.c.email, table.c.active)
    live = table.c.deleted_at.is_(None)
    statement = sa.select(*columns).where(live, condition).order_by(table.c.name, table.c.id)
    with database.read() as connection:
        return [
            User(row.id, row.name, row.email or "", bool(row.active)) for row in connection.execute(statement)
        ]
