"""Whether a caller may compare at all: only by conditions that read nothing which the caller may not read.

Otherwise a condition made up for the purpose would tell hidden values: which records are gained by
`read: margin > 5` tells their margins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fieldstone.access.grants import ADMIN
from fieldstone.context import Context
from fieldstone.errors import Forbidden
from fieldstone.model.model import Entity, Model
from fieldstone.records.explaining.sight import sees_all_read
from fieldstone_metadata.declarations import EntityGrant
from fieldstone_metadata.names import FILE
from fieldstone_rules import Expression


def require_sight(context: Context, entity: Entity, models: Iterable[Model]) -> None:
    """Raise Forbidden if rights over an entity rest on values that the caller may not read.

    Of the records in question, which the caller may read, their own fields have to be readable in each; what
    lies beyond has to be readable everywhere. An administrator reads everything.
    """
    if ADMIN in context.principal.roles and context.principal.limits is None:
        return
    for model in models:
        for name in _deciding(model, entity):
            for condition in _conditions(model, name):
                if not sees_all_read(context, entity.name, condition.tree):
                    reason = "Rights over it rest on values that you may not read."
                    message = f"You may not ask what would change for {entity.name}. {reason}"
                    raise Forbidden(message, details={"reason": reason})


def _deciding(model: Model, entity: Entity) -> Iterator[str]:
    """The entities whose grants have a say in the rights over one: for what is about others, all of these."""
    yield entity.name
    if entity.outside is not None:
        yield entity.outside
    if entity.about is not None:
        yield from (one.name for one in (model.with_files if entity.name == FILE else model.with_activities))


def _conditions(model: Model, entity: str) -> Iterator[Expression]:
    grants = (role.entities[entity] for role in model.roles.values() if entity in role.entities)
    for grant in grants:
        yield from (one for one in _of_grant(grant) if isinstance(one, Expression))


def _of_grant(grant: EntityGrant) -> Iterator[bool | Expression | None]:
    yield from (grant.create, grant.read, grant.update, grant.delete, grant.assign, grant.share)
    yield from grant.deny.values()
    for field in grant.fields.values():
        yield from (field.read, field.update)
