"""What each role says about a right, clause by clause, for explanations; `grants` decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fieldstone.access.grants import ADMIN, EMPLOYEE, FOR_EVERYBODY, OF_PARENT
from fieldstone.context import Principal
from fieldstone.model.model import Model
from fieldstone_metadata import declarations
from fieldstone_rules import Expression

GRANT, FIELD, DENY = "grant", "field", "deny"


@dataclass(frozen=True, eq=False)
class RoleClause:
    """One condition of a role.

    effect: "grant" gives the right, "field" narrows what the role's grant says to one field, "deny" takes the
    right from everybody who holds the role. outside: it is about the record that the one in question lives
    inside.
    """

    role: declarations.Role
    effect: str
    condition: bool | Expression
    outside: bool = False

    @property
    def source(self) -> str:
        """The condition as it is written."""
        return (
            self.condition.source if isinstance(self.condition, Expression) else str(self.condition).lower()
        )


def role_clauses(
    model: Model, principal: Principal, entity: str, verb: str, field: str | None = None
) -> list[RoleClause]:
    """The clauses of all roles that `principal` holds, the built-in `admin` alone if it is among them."""
    if ADMIN in principal.roles and ADMIN in model.roles:
        return [RoleClause(model.roles[ADMIN], GRANT, condition=True)]
    everybodys = {EMPLOYEE} if principal.roles and entity in FOR_EVERYBODY else set()
    names = sorted(principal.roles | everybodys)
    held = [model.roles[name] for name in names if name in model.roles]
    outside = model.outermost(entity)
    if outside == entity:
        return [clause for role in held for clause in _of_role(role, entity, verb, field)]
    return [clause for role in held for clause in _of_outside(role, (outside, entity), verb, field)]


def _of_outside(
    role: declarations.Role, entities: tuple[str, str], verb: str, field: str | None
) -> Iterator[RoleClause]:
    """What a role says of the records around others, and how it narrows the fields of these."""
    outside, inside = entities
    own = role.entities.get(inside)
    narrowed = own.fields.get(field) if own is not None and field is not None else None
    for clause in _of_role(role, outside, OF_PARENT.get(verb, verb), None):
        yield replace(clause, outside=True)
    if narrowed is not None and outside in role.entities:
        condition = narrowed.read if verb == "read" else narrowed.update
        yield RoleClause(role, FIELD, True if condition is None else condition)


def _of_role(role: declarations.Role, entity: str, verb: str, field: str | None) -> Iterator[RoleClause]:
    grant = role.entities.get(entity)
    if grant is None:
        return
    yield RoleClause(role, GRANT, getattr(grant, verb))
    narrowed = grant.fields.get(field) if field is not None else None
    if narrowed is not None:
        condition = narrowed.read if verb == "read" else narrowed.update
        yield RoleClause(role, FIELD, True if condition is None else condition)
    if verb in grant.deny:
        yield RoleClause(role, DENY, grant.deny[verb])
