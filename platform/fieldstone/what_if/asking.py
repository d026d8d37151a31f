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
from fieldstone.model.model import Entity, Model
from fieldstone.records import require_others_view
from fieldstone.records.batch import find_entity
from fieldstone.records.history import add_titles
from fieldstone.what_if.answers import Create, Difference, EntityDifference, Held, UserDifference
from fieldstone.what_if.comparing import Comparison, changes
from fieldstone.what_if.documents import ChangedRoles, changed_roles
from fieldstone.what_if.reach import concerned_entities, concerned_users
from fieldstone.what_if.sides import Case, differing_rights, may_differ
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
    to which their rights may differ. limit: how many records to show of each difference.
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
        sides, left_out = _sides(context, connection, changed, supposed.user)
        entities = [asked] if asked is not None else _entities(context, changed, sides)
        for entity in entities:
            require_sight(context, entity, (context.model, changed.model))
        comparing = _Comparing(context, connection, tuple(entities), supposed.limit)
        told = [comparing.of_user(before, after) for before, after in sides]
        add_titles(context, connection, [one.user for one in told])
    names = tuple(entity.name for entity in entities)
    warnings = tuple(problem.as_json() for problem in changed.warnings)
    return Difference(changed.names, names, tuple(told), left_out, warnings)


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


def _sides(
    context: Context, connection: sa.Connection, changed: ChangedRoles, user: UUID | None
) -> tuple[list[tuple[Case, Case]], int]:
    """Before and after for each user who is compared, and how many users are left out.

    Raises NotFound if `user` is not active.
    """
    models = (context.model, changed.model)
    users, left_out = [] if user is None else [user], 0
    if user is None:
        users, left_out = concerned_users(connection, models, changed.names, MOST_USERS)
    before, after = (principals_of(connection, model, users) for model in models)
    if user is not None and user not in before:
        raise NotFound(f"There is no active user {user}.", code="unknown_user")
    return [
        (_case(context, context.model, before[one]), _case(context, changed.model, after[one]))
        for one in users
    ], left_out


def _case(context: Context, model: Model, principal: Principal) -> Case:
    return Case(replace(context, model=model, principal=principal, acting=None))


def _entities(context: Context, changed: ChangedRoles, sides: Iterable[tuple[Case, Case]]) -> list[Entity]:
    """The entities of which the caller knows, and to which the rights of somebody may differ."""
    names = concerned_entities(context.model, changed.model, changed.names)
    known = [entity for name in names if (entity := _known(context, name)) is not None]
    pairs = list(sides)
    differing = [one for one in known if any(may_differ(one, *pair) for pair in pairs)]
    if len(differing) > MOST_ENTITIES:
        message = f"The change concerns {len(differing)} entities; name one of them in `entity`."
        raise Malformed(message, code="too_many", errors=[FieldError("entity", "too_many", message)])
    return differing


def _known(context: Context, name: str) -> Entity | None:
    try:
        return find_entity(context, name)
    except NotFound:
        return None


class _Comparing:
    """Comparing users one after the other, for as long as one question may take."""

    def __init__(
        self, context: Context, connection: sa.Connection, entities: Sequence[Entity], limit: int
    ) -> None:
        self._context = context
        self._connection = connection
        self._entities = entities
        self._limit = limit
        self._ends = time.monotonic() + _MOST_SECONDS

    def of_user(self, before: Case, after: Case) -> UserDifference:
        """What changes for one user. Raises TooSlow when the time is up."""
        old, new = before.context.principal, after.context.principal
        return UserDifference(
            user={"id": str(old.user), "entity": "user"},
            roles=_held(old.roles, new.roles),
            capabilities=_held(old.capabilities, new.capabilities),
            entities=tuple(self._of_entity(entity, (before, after)) for entity in self._entities),
        )

    def _of_entity(self, entity: Entity, sides: tuple[Case, Case]) -> EntityDifference:
        if time.monotonic() > self._ends:
            raise TooSlow("This takes too long and was stopped. Name a `user` or an `entity`.")
        rights = differing_rights(entity, *sides)
        compared = Comparison(self._context, entity, rights, sides, self._limit)
        create = Create(*(side.access(entity).create.constant for side in sides))
        return EntityDifference(entity.name, create, changes(self._connection, compared))


def _held(before: Iterable[str], after: Iterable[str]) -> Held:
    old, new = set(before), set(after)
    return Held(tuple(sorted(new - old)), tuple(sorted(old - new)))
