"""The two sides that are compared: a user under the roles in force, and under the changed ones."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fieldstone.access.decisions import Decision, OfParent, Part
from fieldstone.access.grants import Access, access, access_by_roles
from fieldstone.access.predicates import clause
from fieldstone.context import Context
from fieldstone.model.model import Entity, Rule
from fieldstone.records.shape import ASSIGNED
from fieldstone.what_if.values import asked_for

Column = sa.ColumnElement[bool]
Right = tuple[str, str | None]
"""A verb, and the field of which it is the right (to read or update it), or None: of the record."""

_VERBS = ("read", "update", "delete")


@dataclass(frozen=True)
class Case:
    """One side: a user (the context's) under a model. Rights are those by roles and by what was shared."""

    context: Context

    def access(self, entity: Entity) -> Access:
        """What the user may do with the records of an entity."""
        return access(self.context.model, self.context.principal, entity.name)

    def decisions(self, entity: Entity, right: Right) -> tuple[Decision, ...]:
        """Everything that has to hold of a record for a right; whoever may do anything may read it too."""
        verb, field = right
        granted = self.access(entity)
        if verb == "share":
            by_roles = access_by_roles(self.context.model, self.context.principal.access_key, entity.name)
            return by_roles.read, by_roles.share
        whole = (granted.read,) if verb == "read" else (granted.read, getattr(granted, verb))
        if field is None:
            return whole
        return (*whole, granted.field_read(field) if verb == "read" else granted.field_update(field))

    def holds(self, entity: Entity, right: Right, source: sa.FromClause) -> Column:
        """Whether the user has a right over the record at `source`; unknown counts as no."""
        model = self.context.model
        parts = [clause(model, one, entity.name, source) for one in self.decisions(entity, right)]
        known = [part for part in parts if part is not None]
        if not known:
            return sa.true()
        whole = sa.func.coalesce(sa.and_(*known), sa.false(), type_=sa.Boolean())
        return asked_for(self.context, whole)

    def narrowed_fields(self, entity: Entity) -> set[str]:
        """The fields whose rights may differ from those of the record."""
        model, roles = self.context.model, self.context.principal.roles
        grants = [role.entities.get(entity.name) for role in model.roles.values() if role.name in roles]
        named = {name for grant in grants if grant is not None for name in grant.fields}
        private = {name for name, field in entity.fields.items() if field.declaration.private}
        return (named | private) & entity.fields.keys()


def differing_rights(entity: Entity, before: Case, after: Case) -> list[Right]:
    """The rights over an entity's records that may differ between two sides, in a fixed order."""
    same_holdings = before.context.principal == after.context.principal
    return [
        right
        for right in _rights(entity, before, after)
        if not same_holdings or _said(before, entity, right) != _said(after, entity, right)
    ]


def may_differ(entity: Entity, before: Case, after: Case) -> bool:
    """Whether any right over an entity's records may differ between two sides."""
    creates = [side.access(entity).create.constant for side in (before, after)]
    return creates[0] != creates[1] or bool(differing_rights(entity, before, after))


def _rights(entity: Entity, before: Case, after: Case) -> Iterator[Right]:
    owned_by_somebody = entity.field("owner") is not None
    yield from ((verb, None) for verb in (*_VERBS, *(("assign",) if owned_by_somebody else ()), "share"))
    named = before.narrowed_fields(entity) | after.narrowed_fields(entity)
    for name in (field for field in entity.fields if field in named):
        yield "read", name
        if name not in ASSIGNED:
            yield "update", name


def _said(case: Case, entity: Entity, right: Right) -> Hashable:
    """What decides, comparable between models; an object of its own where more than conditions decide."""
    try:
        return tuple(
            (tuple(map(_all_said, one.grants)), _all_said(one.denials))
            for one in case.decisions(entity, right)
        )
    except _MoreDecidesError:
        return object()


class _MoreDecidesError(Exception):
    """Roles of others, or rights over other records, have a say."""


def _all_said(parts: Sequence[Part]) -> Hashable:
    return tuple(map(_part_said, parts))


def _part_said(part: Part) -> Hashable:
    if isinstance(part, bool):
        return part
    if isinstance(part, Rule):
        return part.expression.source
    if isinstance(part, OfParent):
        return part.field, part.entity, _part_said(part.asked)
    raise _MoreDecidesError
