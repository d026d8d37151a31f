"""Why something is not allowed, and what would be needed: told from the roles that grant it."""

from __future__ import annotations

from collections.abc import Iterator

from fieldstone.access.grants import ADMIN, OF_PARENT, PRIVATE_DATA, sees_private_data
from fieldstone.context import Context
from fieldstone.model.model import Entity
from fieldstone.records.labels import text_of
from fieldstone.records.sentences import Teller, continued
from fieldstone_metadata import declarations
from fieldstone_rules import Expression

Condition = bool | Expression


def needed(context: Context, entity: Entity, verb: str, field: str | None = None, *, you: bool = True) -> str:
    """What a right takes: the conditions of the caller's roles, and the other roles that grant it.

    field: the right is about this field. you: it is told to whom it is about. The text names roles and
    conditions, and no values. About what lives inside a record the rights on that one are told. That an
    administrator may do everything is said only where nobody else may.
    """
    found = entity.field(field) if field is not None else None
    concealed = found is not None and found.declaration.private
    if concealed and not sees_private_data(context.model, context.principal.roles):
        return f"It is personal data, which needs the capability {PRIVATE_DATA}."
    if entity.outside is not None:
        around = context.model.entities[entity.outside]
        return needed(context, around, OF_PARENT.get(verb, verb), you=you)
    locale = context.principal.locale
    held, others = [], []
    for role, conditions in _granting(context, entity, verb, field):
        label = text_of(role.label, locale)
        if role.name not in context.principal.roles:
            others.append(label)
        elif conditions:
            told = (_told(context, entity, condition, you=you) for condition in conditions)
            held.append(f"{', and '.join(map(continued, told))} (as {label})")
    if not held and not others:
        others = [
            text_of(context.model.roles[ADMIN].label, locale) if ADMIN in context.model.roles else ADMIN
        ]
    return _joined(held, others)


def _joined(held: list[str], others: list[str]) -> str:
    role = f"the role {' or '.join(others)}"
    if not held:
        return f"It needs {role}."
    return f"It is possible only if {', or if '.join(held)}{f', or with {role}' if others else ''}."


def _granting(
    context: Context, entity: Entity, verb: str, field: str | None
) -> Iterator[tuple[declarations.Role, list[Expression]]]:
    """The roles that grant a right, with the conditions under which they do."""
    for role in context.model.roles.values():
        grant = role.entities.get(entity.name)
        if grant is None or role.name == ADMIN:
            continue
        conditions: list[Condition] = [getattr(grant, verb)]
        narrowed = grant.fields.get(field) if field else None
        if narrowed is not None and narrowed.update is not None:
            conditions.append(narrowed.update)
        if not any(condition is False for condition in conditions):
            yield role, [c for c in conditions if isinstance(c, Expression)]


def _told(context: Context, entity: Entity, condition: Expression, *, you: bool) -> str:
    teller = Teller(context.model, entity, context.principal.locale, condition.source, you=you)
    return teller.tell(condition.tree)
