"""Who is asked in a step of an approval, and who decides for them while they are away.

A seat belongs to somebody who is asked. Its holder decides, and during an absence so does the deputy, or the
deputy's deputy who is there. Whoever decides must be active and able to read the record; the requester never
decides. Everything is worked out when it is asked, from roles and people as they are then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from fieldstone.access.principals import holders_of, principals_of
from fieldstone.context import Context, Principal
from fieldstone.model.model import ApprovalStep, Model
from fieldstone.records import rows
from fieldstone.records.environment import RelatedRecords, environment
from fieldstone.records.readers import readers
from fieldstone.records.rows import Row
from fieldstone_rules import EvaluationError
from fieldstone_rules.rule_files.collections import compile_rows
from fieldstone_rules.tree import Collection as CollectionTree
from fieldstone_rules.types import Ref

USER = "user"
_LONGEST_CHAIN = 5
"""So many deputies stand in for each other."""


@dataclass(frozen=True)
class Seat:
    """Somebody who is asked. deciders: who may decide in this seat: the holder and the holder's deputies."""

    holder: UUID
    deciders: tuple[UUID, ...]


@dataclass(frozen=True)
class Asked:
    """A step of an approval of a change to a record, requested by somebody."""

    entity: str
    record: Row
    step: ApprovalStep
    requester: UUID


def seats_of(
    context: Context, connection: sa.Connection, asked: Sequence[Asked], among: Collection[UUID] | None = None
) -> list[list[Seat]]:
    """The seats of each step, in their order; the number of statements does not depend on how many there are.

    among: only the seats of these users are wanted.
    """
    related = RelatedRecords(connection, context.model)
    for one in asked:
        related.learn(one.entity, [one.record])
    holders = _Holders(context, connection, related, asked)
    wanted = [[user for user in holders.of(one) if among is None or user in among] for one in asked]
    people = _People(context, connection, related, {user for users in wanted for user in users})
    return [people.seats(one, users) for one, users in zip(asked, wanted, strict=True)]


def represented(context: Context, connection: sa.Connection, user: UUID) -> set[UUID]:
    """The user, and those who are away and for whom the user, at last, stands in."""
    table = context.model.entities[USER].table
    found, newest = {user}, {user}
    for _ in range(_LONGEST_CHAIN):
        statement = sa.select(*rows.read_columns(context.model, context.model.entities[USER])).where(
            table.c.delegate.in_(newest), table.c.deleted_at.is_(None)
        )
        people = [
            rows.read_row(context.model.entities[USER], dict(row))
            for row in connection.execute(statement).mappings()
        ]
        newest = {person["id"] for person in people if is_away(context, person)} - found
        if not newest:
            break
        found |= newest
    return found


def is_away(context: Context, person: Row) -> bool:
    """Whether a user is absent on the organisation's present day."""
    begin, end = person.get("absent_from"), person.get("absent_until")
    today = environment(context).today
    return bool(begin or end) and (begin is None or begin <= today) and (end is None or today <= end)


class _Holders:
    """Who is asked by steps: holders of roles, and users that expressions give."""

    def __init__(
        self, context: Context, connection: sa.Connection, related: RelatedRecords, asked: Sequence[Asked]
    ) -> None:
        self._context = context
        self._related = related
        model = context.model
        roles = {one.step.declaration.role for one in asked if one.step.declaration.role is not None}
        self._by_role = {role: holders_of(connection, model, [role]) for role in sorted(roles)}
        computed = sorted({one.requester for one in asked if one.step.users is not None})
        self._requesters = principals_of(connection, model, computed)

    def of(self, one: Asked) -> list[UUID]:
        """The users whom a step asks, each once."""
        role = one.step.declaration.role
        return self._by_role[role] if role is not None else list(dict.fromkeys(self._computed(one)))

    def _computed(self, one: Asked) -> Iterable[UUID]:
        requester, rule = self._requesters.get(one.requester), one.step.users
        if requester is None or rule is None:
            return ()
        facts = environment(replace(self._context, principal=requester, acting=None), self._related)
        facts.record = facts.old = one.record
        tree = rule.expression.tree
        try:
            if isinstance(tree, CollectionTree):
                return [row["id"] for row in compile_rows(tree, rule.expression.source)(facts)]
            return _users(rule.evaluate(facts))
        except EvaluationError:
            return ()


def _users(value: Any) -> list[UUID]:
    values = value if isinstance(value, tuple | list) else (value,)
    return [ref.id for ref in values if isinstance(ref, Ref)]


class _People:
    """Those who may hold a seat, with their deputies."""

    def __init__(
        self, context: Context, connection: sa.Connection, related: RelatedRecords, users: Iterable[UUID]
    ) -> None:
        self._context = context
        self._related = related
        self._people = _with_deputies(context, connection, set(users))
        self._principals: Mapping[UUID, Principal] = principals_of(
            connection, context.model, sorted(self._people)
        )

    def seats(self, one: Asked, users: Iterable[UUID]) -> list[Seat]:
        """The seats of a step in which somebody can decide."""
        found = [Seat(user, self._deciders(one, user)) for user in users if user != one.requester]
        return [seat for seat in found if seat.deciders]

    def _deciders(self, one: Asked, user: UUID) -> tuple[UUID, ...]:
        able = [u for u in self._chain(user) if u in self._principals and u != one.requester]
        about = Ref(one.entity, one.record["id"])
        return tuple(readers(self._context, self._related, about, self._principals, able))

    def _chain(self, user: UUID) -> list[UUID]:
        """The user and, while absent, the deputy, and so on."""
        chain = [user]
        for _ in range(_LONGEST_CHAIN):
            person = self._people.get(chain[-1])
            deputy = person.get("delegate") if person and is_away(self._context, person) else None
            if deputy is None or deputy.id in chain:
                break
            chain.append(deputy.id)
        return chain


def _with_deputies(context: Context, connection: sa.Connection, users: set[UUID]) -> dict[UUID, Row]:
    """Users with the deputies of those who are away, as they are stored."""
    model: Model = context.model
    found: dict[UUID, Row] = {}
    for _ in range(_LONGEST_CHAIN + 1):
        if not users:
            break
        loaded = rows.load(connection, model, model.entities[USER], users)
        found |= loaded
        deputies = (p["delegate"] for p in loaded.values() if is_away(context, p) and p.get("delegate"))
        users = {deputy.id for deputy in deputies} - found.keys()
    return found
