"""How somebody comes by the roles whose clauses decide: given to them, to a team of theirs, or inherited."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from fieldstone.records.explaining.case import Case
from fieldstone.records.explaining.explanation import ExplainedClause, HeldRole
from fieldstone.records.labels import text_of

Givers = Mapping[str, Sequence[dict[str, Any]]]
"""Role → references to the user or the teams that it was given to."""


def held_roles(case: Case, clauses: Iterable[ExplainedClause]) -> list[HeldRole]:
    """Every way in which the one who is asked about holds a role that the clauses name; one statement."""
    named = list(dict.fromkeys(clause.role for clause in clauses if clause.role in case.subject.roles))
    if not named:
        return []
    given = _given(case)
    return [held for role in named if role is not None for held in _ways(case, role, given)]


def _ways(case: Case, role: str, given: Givers) -> Iterator[HeldRole]:
    roles = case.context.model.roles
    label = text_of(roles[role].label, case.context.principal.locale)
    for holder in given.get(role, ()):
        yield HeldRole(role, label, given_to=holder)
    for other in sorted(given):
        if other in roles and role in roles[other].inherits:
            yield HeldRole(role, label, inherited_by=other)


def _given(case: Case) -> Givers:
    model, user = case.context.model, case.subject.user
    table, link = model.entities["role_assignment"].table, model.entities["user"].fields["teams"].link
    whose = table.c.holder__user == user
    if link is not None:
        whose = sa.or_(whose, table.c.holder__team.in_(sa.select(link.target).where(link.source == user)))
    statement = sa.select(table.c.role, table.c.holder__team).where(table.c.deleted_at.is_(None), whose)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for role, team in case.connection.execute(statement.order_by(table.c.id)):
        entity, holder = ("user", user) if team is None else ("team", team)
        found[role].append({"id": str(holder), "entity": entity})
    return found
