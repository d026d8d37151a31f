"""The question and how it is answered: everything in one transaction that cannot write."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.principals import principals_of
from fieldstone.context import Context, Principal
from fieldstone.errors import FieldError, Malformed, NotFound, TooSlow
from fieldstone.model.model import Entity
from fieldstone.records import require_others_view
from fieldstone.records.batch import find_entity
from fieldstone.records.history import add_titles
from fieldstone.what_if.answers import Create, Difference, EntityDifference, Held, UserDifference
from fieldstone.what_if.comparing import Comparison, changes
from fieldstone.what_if.documents import ChangedRoles, changed_roles
from fieldstone.what_if.reach import concerned_entities, concerned_users
from fieldstone.what_if.sides import Case, differing_rights
from fieldstone.what_if.sight import require_sight

MOST_USERS = 20
"""How many holders of the roles are compared."""

MOST_ENTITIES = 20
"""How many entities one question compares."""

MOST_RECORDS = 50
"""How many records are shown on each side of a difference."""

_MOST_SECONDS = 30.0


@dataclass(frozen=True)
class Supposition:
    """What if these roles were published? documents: whole documents of kind `role`, in YAML or JSON.

    user: for whom; None: for those who hold one of the roles. entity: of which records; None: of all entities
    for which the roles grant something else than before. limit: how many records to show of each difference.
    """

    documents: str
    user: UUID | None = None
    entity: str | None = None
    limit: int = 10


def what_if(context: Context, supposed: Supposition) -> Difference:
    """Which records whom would gain and lose if roles were changed. Nothing is written.

    Counted and shown are records that the caller may read.

    Raises:
        Malformed: the limit makes no sense, or too many entities would be compared.
        Invalid: with the problems of the documents.
        NotFound: there is no such entity for the caller, or no such active user.
        Forbidden: the caller lacks the capability `explain`, or may not read what the rights rest on.
        TooSlow: it takes too long.
    """
    require_others_view(context)
    _check_limit(supposed.limit)
    asked = None if supposed.entity is None else find_entity(context, supposed.entity)
    with _reading(context) as connection:
        changed = changed_roles(context, connection, supposed.documents)
        entities = [asked] if asked is not None else _entities(context, changed)
        for entity in entities:
            require_sight(context, entity, (context.model, changed.model))
        return _difference(_Comparison(context, connection, changed, supposed, tuple(entities)))


@contextmanager
def _reading(context: Context) -> Iterator[sa.Connection]:
    """A transaction that sees one state of the data and cannot change it."""
    with context.database.discarded() as connection:
        connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        yield connection


def _check_limit(limit: int) -> None:
    if not 0 <= limit <= MOST_RECORDS:
        message = f"`limit` is 0 to {MOST_RECORDS}."
        raise Malformed(message, code="bad_limit", errors=[FieldError("limit", "bad_limit", message)])


def _entities(context: Context, changed: ChangedRoles) -> list[Entity]:
    """What the caller knows of the entities that are concerned."""
    names = concerned_entities(context.model, changed.model, changed.names)
    known = [entity for name in names if (entity := _known(context, name)) is not None]
    if len(known) > MOST_ENTITIES:
        message = f"The change concerns {len(known)} entities; name one of them in `entity`."
        raise Malformed(message, code="too_many", errors=[FieldError("entity", "too_many", message)])
    return known


def _known(context: Context, name: str) -> Entity | None:
    try:
        return find_entity(context, name)
    except NotFound:
        return None


@dataclass(frozen=True)
class _Comparison:
    """A question with what it is about."""

    context: Context
    connection: sa.Connection
    changed: ChangedRoles
    supposed: Supposition
    entities: tuple[Entity, ...]

    @property
    def after(self) -> Context:
        """The context with the changed roles."""
        return replace(self.context, model=self.changed.model)


def _difference(asked: _Comparison) -> Difference:
    users, left_out = _users(asked)
    began = time.monotonic()
    before, after = (
        principals_of(asked.connection, one.model, users) for one in (asked.context, asked.after)
    )
    if asked.supposed.user is not None and not before:
        raise NotFound(f"There is no active user {asked.supposed.user}.", code="unknown_user")
    told = [_of_user(asked, before[user], after[user], began) for user in users]
    add_titles(asked.context, asked.connection, [one.user for one in told])
    return Difference(
        roles=asked.changed.names,
        entities=tuple(entity.name for entity in asked.entities),
        users=tuple(told),
        users_left_out=left_out,
        warnings=tuple(problem.as_json() for problem in asked.changed.warnings),
    )


def _users(asked: _Comparison) -> tuple[Sequence[UUID], int]:
    if asked.supposed.user is not None:
        return [asked.supposed.user], 0
    models = (asked.context.model, asked.changed.model)
    return concerned_users(asked.connection, models, asked.changed.names, MOST_USERS)


def _of_user(asked: _Comparison, before: Principal, after: Principal, began: float) -> UserDifference:
    sides = (
        Case(replace(asked.context, principal=before, acting=None)),
        Case(replace(asked.after, principal=after, acting=None)),
    )
    return UserDifference(
        user={"id": str(before.user), "entity": "user"},
        roles=_held(before.roles, after.roles),
        capabilities=_held(before.capabilities, after.capabilities),
        entities=tuple(_of_entity(asked, entity, sides, began) for entity in asked.entities),
    )


def _of_entity(
    asked: _Comparison, entity: Entity, sides: tuple[Case, Case], began: float
) -> EntityDifference:
    if time.monotonic() - began > _MOST_SECONDS:
        raise TooSlow("This takes too long and was stopped. Nothing was written; name a `user` or `entity`.")
    rights = differing_rights(entity, *sides)
    create = Create(*(side.access(entity).create.constant for side in sides))
    compared = Comparison(asked.context, entity, rights, sides, asked.supposed.limit)
    return EntityDifference(entity.name, create, changes(asked.connection, compared))


def _held(before: Iterable[str], after: Iterable[str]) -> Held:
    old, new = set(before), set(after)
    return Held(tuple(sorted(new - old)), tuple(sorted(old - new)))
