"""Which roles let those who hold them read records of an entity, for whoever wonders who sees a record."""

from __future__ import annotations

from dataclasses import dataclass

from fieldstone.access.grants import ADMIN, access
from fieldstone.context import Context
from fieldstone.model.model import Entity
from fieldstone.records.batch import find_entity
from fieldstone.records.labels import text_of
from fieldstone.records.sentences import Teller
from fieldstone_rules import Expression
from fieldstone_rules.reading import fields_read


@dataclass(frozen=True)
class ReadingRole:
    """A role and the condition, for people, under which its holders read a record; empty: they read all."""

    label: str
    words: str


def reading_roles(context: Context, entity: str) -> list[ReadingRole]:
    """The roles that grant reading records of an entity, in the order of the publication; no statement.

    A condition on fields that the caller does not know is told as one that depends on the record. Raises
    NotFound if there is no such entity for the caller.
    """
    found = find_entity(context, entity)
    locale, admin = context.principal.locale, context.model.roles.get(ADMIN)
    told = [] if admin is None else [ReadingRole(text_of(admin.label, locale), "")]
    for role in context.model.roles.values():
        grant = role.entities.get(entity)
        if role.name != ADMIN and grant is not None and grant.read is not False:
            told.append(ReadingRole(text_of(role.label, locale), _words(context, found, grant.read)))
    return told


def _words(context: Context, entity: Entity, condition: bool | Expression) -> str:
    if isinstance(condition, bool):
        return ""
    if not all(_knows(context, name, field) for name, field in fields_read(condition.tree)):
        return "It depends on the record"
    teller = Teller(context.model, entity, context.principal.locale, condition.source, you=False)
    return teller.tell(condition.tree)


def _knows(context: Context, entity: str, field: str) -> bool:
    """Whether a field exists for the caller."""
    return access(context.model, context.principal, entity).field_read(field).constant is not False
