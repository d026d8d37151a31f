"""What a generated world is made of: roles, people, and records as they are at a moment.

Everything is called by a name (`deal_2`, `user_0`, `North`); `running` knows which ids these have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from fieldstone_testing.permissions.conditions import FALSE, Condition
from fieldstone_testing.permissions.documents import AROUND, INSIDE, REFERENCES

Record = dict[str, Any]
"""Field → value. `name` is the record's own name, references hold names, `contacts` a list of them. Besides
there are `entity`, `owner`, `team`, `created_by`, `deleted`, and `version`.
"""

ABOVE = {"North": "Europe", "South": "Europe", "Europe": "World", "World": None}
"""Team → the team above it."""


@dataclass(frozen=True)
class Narrowing:
    """When a role shows a field, and lets it be set; None: whenever it grants the record."""

    read: Condition | None = None
    update: Condition | None = None


@dataclass(frozen=True)
class Grant:
    """What a role grants on an entity, how it narrows fields, and what it denies (verb → condition)."""

    create: Condition = FALSE
    read: Condition = FALSE
    update: Condition = FALSE
    delete: Condition = FALSE
    assign: Condition = FALSE
    share: Condition = FALSE
    fields: Mapping[str, Narrowing] = field(default_factory=dict)
    deny: Mapping[str, Condition] = field(default_factory=dict)


@dataclass(frozen=True)
class Role:
    """A generated role. grants: entity → what it says of it; of what lives inside others, only fields."""

    name: str
    inherits: tuple[str, ...]
    capabilities: tuple[str, ...]
    grants: Mapping[str, Grant]


@dataclass(frozen=True)
class Limits:
    """What a token is narrowed to; None: not."""

    entities: frozenset[str] | None = None
    verbs: frozenset[str] | None = None


@dataclass(frozen=True)
class Member:
    """A generated user: the roles held directly, the teams, and the limits of the token in use."""

    name: str
    roles: tuple[str, ...]
    teams: tuple[str, ...]
    limits: Limits = Limits()


@dataclass(frozen=True)
class Operation:
    """Something that a user tries. what: `update`, `create`, …; values: of fields, or what else it takes."""

    what: str
    user: str
    record: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    """All that is generated. team_roles: the roles that a team's members hold.

    asked: which part of the questions about lists is asked (see `probes`).
    """

    roles: Sequence[Role]
    team_roles: Mapping[str, tuple[str, ...]]
    members: Sequence[Member]
    records: Sequence[Record]
    operations: Sequence[Operation]
    asked: int = 0


@dataclass(frozen=True)
class Person:
    """Who asks, as permissions see them.

    roles: with inherited ones. teams: the own ones, the oldest first, and all below them. receives: what
    something may have been shared with for this person to get it.
    """

    name: str
    roles: frozenset[str]
    teams: tuple[str, ...]
    capabilities: frozenset[str]
    limits: Limits
    receives: frozenset[str]
    first_team: str | None = None


@dataclass(frozen=True)
class Share:
    """A record that somebody shared with a user, a team or the holders of a role.

    copied: the record with which it came, where that was merged into this one.
    """

    sharer: str
    record: str
    receiver: str
    verb: str
    copied: str = ""


@dataclass(frozen=True)
class Within:
    """A line or part as it was at a moment: its item and price, and what was inside it."""

    values: Mapping[str, Any]
    inside: Inside


Inside = Mapping[str, Within]
"""What was inside a record at a moment, by its names."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a record: how it was before and after; None: it was not there.

    shared_before, shared_after: what was shared then. inside_before, inside_after: what was inside it.
    call: which of the calls did it; what that changes of shares counts for all that it does.
    """

    record: str
    action: str
    before: Record | None
    after: Record | None
    call: int = 0
    inside_before: Inside = field(default_factory=dict)
    inside_after: Inside = field(default_factory=dict)
    shared_before: Sequence[Share] = ()
    shared_after: Sequence[Share] = ()


DONE, REFUSED, UNKNOWN = "done", "refused", "unknown"
"""What becomes of what somebody tries; unknown: as if the record were not there."""


@dataclass(frozen=True)
class Step:
    """What a bulk call did to a record. how: what undoes it, `change`, `remove` or `restore`.

    before: what it changed; version: as it left the record.
    """

    record: str
    how: str
    before: Mapping[str, Any]
    version: int


@dataclass(frozen=True)
class Bulk:
    """What a bulk call did to its one record, and to others with that. undone: whether it was taken back.

    steps: the last first; None where it is not undone in a world.
    """

    user: str
    what: str
    record: str
    steps: Sequence[Step] | None = ()
    undone: bool = False


@dataclass
class State:
    """The world as it is: its records with those in the recycle bin, what is shared, and what happened.

    moments: all records as they were when the world was filled, and after each call since.
    purged: name → entity of what was removed for good. bulks: the bulk calls; None: it did nothing.
    shared_then: what was shared at the last of the moments.
    """

    world: World
    records: dict[str, Record] = field(default_factory=dict)
    shares: list[Share] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    moments: list[dict[str, Record]] = field(default_factory=list)
    purged: dict[str, str] = field(default_factory=dict)
    bulks: list[Bulk | None] = field(default_factory=list)
    shared_then: Sequence[Share] = ()

    def of(self, entity: str, *, deleted: bool = False) -> list[Record]:
        """The live records of an entity, or those in the bin, the oldest first."""
        found = self.records.values()
        return [one for one in found if one["entity"] == entity and one["deleted"] is deleted]

    def target(self, record: Record, reference: str) -> Record | None:
        """The record that a reference names."""
        return self.records.get(record[reference] or "")

    def referring(self, entity: str, reference: str, record: Record) -> list[Record]:
        """The live records whose reference names the record."""
        return [one for one in self.of(entity) if one[reference] == record["name"]]

    def linked(self, deal: Record) -> list[Record]:
        """The live contacts of a deal."""
        return [one for one in self.of("contact") if one["name"] in deal["contacts"]]

    def linking(self, contact: Record) -> list[Record]:
        """The live deals that a contact belongs to."""
        return [one for one in self.of("deal") if contact["name"] in one["contacts"]]

    def seats(self, way: str, record: Record) -> list[Record]:
        """The seats of a deal or contact as it is now, even where a condition judges what it was: live ones,
        and of one in the bin those that went there with it.
        """
        now = self.records.get(record["name"], record)
        gone = self.of("seat", deleted=True) if now["deleted"] else []
        along = [one for one in gone if one["went"] == now["went"]]
        return [one for one in [*self.of("seat"), *along] if one[way] == record["name"]]

    def people(self, deal: Record) -> list[Record]:
        """The live contacts that a deal has by its seats."""
        taken = {one["contact"] for one in self.seats("deal", deal)}
        return [one for one in self.of("contact") if one["name"] in taken]

    def seated(self, contact: Record) -> list[Record]:
        """The live deals that a contact has by its seats."""
        taken = {one["deal"] for one in self.seats("contact", contact)}
        return [one for one in self.of("deal") if one["name"] in taken]

    def total(self, deal: Record) -> int:
        """The prices of the lines in a deal."""
        return sum(line["price"] or 0 for line in self.inside(deal))

    def inside(self, record: Record) -> list[Record]:
        """What lives in a record and shares its fate, but not deeper, in the order of prices."""
        if record["entity"] not in INSIDE:
            return []
        own = (one for one in self.records.values() if one["entity"] == INSIDE[record["entity"]][0])
        here = [one for one in own if one[record["entity"]] == record["name"] and not one.get("removed")]
        now = self.records.get(record["name"], record)
        found = [one for one in here if one["deleted"] == now["deleted"]]
        return sorted(found, key=lambda one: (one["price"] is None, one["price"], one["name"]))

    def all_inside(self, record: Record) -> list[Record]:
        """The same with what lives deeper inside."""
        return [found for one in self.inside(record) for found in (one, *self.all_inside(one))]

    def outermost(self, record: Record) -> Record | None:
        """The record around all others that one lives inside; None where there is none."""
        around: Record | None = record
        while around is not None and around["entity"] in AROUND:
            around = self.target(around, AROUND[around["entity"]])
        return around

    def happened(
        self,
        action: str,
        record: Record,
        before: Record | None,
        *,
        tells_inside: bool = True,
    ) -> None:
        """Remember what was done to a record, which is `record` by now.

        tells_inside: whether that tells what became of what is inside it.
        """
        then = replace(self, records=self.moments[-1] if self.moments else {})
        inside = (then.within(record["name"]), self.within(record["name"])) if tells_inside else ({}, {})
        call, after = len(self.moments), deepcopy(record)
        self.events.append(Event(record["name"], action, before, after, call, *inside))

    def within(self, name: str) -> Inside:
        """What is inside a record now."""
        found = self.inside(self.records[name]) if name in self.records else []
        return {
            one["name"]: Within({"item": one["item"], "price": one["price"]}, self.within(one["name"]))
            for one in found
        }

    def note_moment(self) -> None:
        """Remember how all records are now, and what the call that ended did to shares."""
        call, shared = len(self.moments), tuple(self.shares)
        for at, event in enumerate(self.events):
            if event.call == call:
                self.events[at] = replace(event, shared_before=self.shared_then, shared_after=shared)
        self.shared_then = shared
        self.moments.append(deepcopy(self.records))

    def person(self, name: str) -> Person:
        """A member with everything that decides about their rights."""
        member = next(one for one in self.world.members if one.name == name)
        direct = {*member.roles, *(role for team in member.teams for role in self._of_team(team))}
        roles = frozenset(found for role in direct for found in self._with_inherited(role))
        below = sorted(team for team in ABOVE if set(member.teams) & above(team) and team not in member.teams)
        over = {found for team in member.teams for found in above(team)}
        own = [team for team in ABOVE if team in member.teams]
        return Person(
            name=name,
            roles=roles,
            teams=(*own, *below),
            capabilities=frozenset(c for role in self.held(roles) for c in role.capabilities),
            limits=member.limits,
            receives=frozenset({name, *own, *below, *over, *roles}),
            first_team=own[0] if own else None,
        )

    def held(self, roles: frozenset[str]) -> list[Role]:
        """The roles of these names."""
        return [role for role in self.world.roles if role.name in roles]

    def _of_team(self, team: str) -> Sequence[str]:
        return self.world.team_roles.get(team, ())

    def _with_inherited(self, name: str) -> set[str]:
        role = next(one for one in self.world.roles if one.name == name)
        return {name, *(found for parent in role.inherits for found in self._with_inherited(parent))}


def above(team: str) -> set[str]:
    """All teams above one."""
    over = ABOVE[team]
    return set() if over is None else {over, *above(over)}


def references(entity: str) -> Mapping[str, str]:
    """The references of an entity to one record, and the entity they lead to."""
    return REFERENCES.get(entity, {})
