"""Whom and what a changed role concerns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.grants import ADMIN, PRIVATE_DATA
from fieldstone.access.principals import holders_of
from fieldstone.model.model import Entity, Model
from fieldstone_metadata.declarations import EntityGrant, Role
from fieldstone_rules import Expression


def concerned_users(
    connection: sa.Connection, models: Sequence[Model], roles: Iterable[str], most: int
) -> tuple[list[UUID], int]:
    """The first active holders of some roles under any of the models, by name, and how many more there are.

    Three statements.
    """
    wanted = set(roles)
    ids = {user for model in models for user in holders_of(connection, model, wanted)}
    table = models[0].entities["user"].table
    active = sa.and_(table.c.id.in_(ids), table.c.deleted_at.is_(None), table.c.active.is_(True))
    everybody = sa.func.count().over()
    statement = sa.select(table.c.id, everybody).where(active).order_by(table.c.name, table.c.id).limit(most)
    found = connection.execute(statement).all()
    return [row[0] for row in found], (found[0][1] - len(found) if found else 0)


def concerned_entities(before: Model, after: Model, roles: Iterable[str]) -> list[str]:
    """The entities of which the changed roles grant something else than before, with what lives inside those,
    in the order of the publication.
    """
    pairs = [(before.roles.get(role), after.roles[role]) for role in roles]
    changed = {entity for pair in pairs for entity in _changed(*pair)}
    if any(old is not None and set(old.inherits) != set(new.inherits) for old, new in pairs):
        # Holders hold other roles than before, and conditions of any role may ask which.
        changed |= {entity for role in after.roles.values() for entity in role.entities if role.name != ADMIN}
    if any(_knows_private(old) != _knows_private(new) for old, new in pairs):
        changed |= {one.name for one in before.entities.values() if _has_private_fields(one)}
    return [name for name, one in before.entities.items() if name in changed or one.outside in changed]


def _knows_private(role: Role | None) -> bool:
    return role is not None and PRIVATE_DATA in role.capabilities


def _has_private_fields(entity: Entity) -> bool:
    return any(field.declaration.private for field in entity.fields.values())


def _changed(before: Role | None, after: Role) -> Iterator[str]:
    old = {} if before is None else before.entities
    for entity in old.keys() | after.entities.keys():
        if _said(old.get(entity)) != _said(after.entities.get(entity)):
            yield entity


def _said(grant: EntityGrant | None) -> Hashable:
    """A grant in a form that can be compared between publications."""
    whole = grant or EntityGrant()
    verbs = (whole.create, whole.read, whole.update, whole.delete, whole.assign, whole.share)
    fields = {(name, _source(one.read), _source(one.update)) for name, one in whole.fields.items()}
    denied = {(verb, _source(condition)) for verb, condition in whole.deny.items()}
    return tuple(map(_source, verbs)), frozenset(fields), frozenset(denied)


def _source(condition: bool | Expression | None) -> Hashable:
    return condition.source if isinstance(condition, Expression) else condition
