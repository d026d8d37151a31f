"""What becomes of the people of a deal that are sent with it: seats come, change and go as the deal does.

They are what they are by themselves, links that are records: who comes needs the right to create a seat, what
is said of one the right to change that, and who is left out the right to delete it. Seats that somebody
cannot see stay, and nothing can be said of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from fieldstone_testing.permissions import writes
from fieldstone_testing.permissions.rights import may, may_field, may_read
from fieldstone_testing.permissions.surface import knows
from fieldstone_testing.permissions.worlds import Operation, Person, Record, State

Sent = Sequence[str | Mapping[str, Any]]
"""The people of a deal as they are sent: contacts, or `{"id": contact, "link": fields of the seat}`."""


@dataclass(frozen=True)
class Seating:
    """What sent people come to. made: new seats with what was said of each. told: seat → what is said of it.

    gone: the seats of those that are left out.
    """

    made: Sequence[tuple[Record, Mapping[str, Any]]] = ()
    told: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gone: Sequence[str] = ()


def seating(state: State, who: Person, deal: Record, sent: Sent) -> Seating:
    """What it comes to that somebody sends people with a deal."""
    named = links_in(sent)
    here = {one["contact"]: one for one in state.referring("seat", "deal", deal)}
    own = {"owner": who.name, "team": who.first_team, "created_by": who.name}
    start = {
        "entity": "seat",
        "deleted": False,
        "version": 1,
        "deal": deal["name"],
        "name": None,
        "duty": None,
    }
    fresh = {contact: {**start, **own, "contact": contact, **said} for contact, said in named.items()}
    left_out = (one for contact, one in here.items() if contact not in named)
    return Seating(
        [(fresh[contact], said) for contact, said in named.items() if contact not in here],
        {here[contact]["name"]: said for contact, said in named.items() if said and contact in here},
        [one["name"] for one in left_out if is_seen(state, who, one)],
    )


def links_in(sent: Sent) -> dict[str, Mapping[str, Any]]:
    """Contact → what is said of the link to it."""
    entries = ({"id": one} if isinstance(one, str) else one for one in sent)
    return {one["id"]: one.get("link", {}) for one in entries}


def is_seen(state: State, who: Person, seat: Record) -> bool:
    """Whether somebody sees by a seat that a contact belongs to a deal."""
    contact = state.records[seat["contact"]]
    return is_known(state, who, seat) and not contact["deleted"] and may_read(state, who, contact)


def is_known(state: State, who: Person, seat: Record) -> bool:
    """Whether somebody may know what a seat links."""
    leads = all(may_field(state, who, "read", seat, name) for name in ("deal", "contact"))
    return may_read(state, who, seat) and leads


def counts(state: State, who: Person, deal: Record, plan: Seating) -> bool:
    """Whether people count as sent: those that are there already only where the caller cannot see them."""
    return bool(plan.made or plan.gone) or not may_field(state, who, "read", deal, "people")


# -- whether it is allowed


def is_allowed(state: State, after: State, who: Person, plan: Seating) -> bool:
    """Whether somebody may make, change and remove these seats. after: the world with all of it."""
    return (
        all(may_make(state, after, who, seat, said) for seat, said in plan.made)
        and all(may_tell(state, after, who, name, said) for name, said in plan.told.items())
        and all(may(state, who, "delete", state.records[name]) for name in plan.gone)
    )


def may_make(
    state: State, after: State, who: Person, seat: Record, said: Mapping[str, Any]
) -> bool:  # the words of the question
    """Whether somebody may make a seat: of a contact that can be read, and it needs a name."""
    contact = state.records.get(seat["contact"])
    there = contact is not None and not contact["deleted"] and may_read(state, who, contact)
    return (
        there
        and seat["name"] is not None
        and may(after, who, "create", seat)
        and all(knows(state, who, "seat", name) for name in said)
        and all(may_field(after, who, "create", seat, name) for name in ("deal", "contact", *said))
    )


def may_tell(state: State, after: State, who: Person, name: str, said: Mapping[str, Any]) -> bool:  # as above
    """Whether somebody may change a seat so, which takes that they may know what it links."""
    seat = state.records[name]
    told = {one for one, value in said.items() if tells(state, who, seat, one, value)}
    return (
        is_known(state, who, seat)
        and all(knows(state, who, "seat", one) for one in said)
        and all(may(then, who, "update", then.records[name]) for then in (state, after))
        and all(
            may_field(then, who, "update", then.records[name], one) for then in (state, after) for one in told
        )
    )


def tells(state: State, who: Person, seat: Record, name: str, value: Any) -> bool:
    """Whether a value counts as sent: one that is so already does not, unless the caller cannot see it."""
    return bool(seat[name] != value) or not may_field(state, who, "read", seat, name)


# -- how the world is then


def seated(state: State, deal: Record, plan: Seating) -> State:
    """The world with a deal as it would be, and with its seats."""
    after = replace(state, records=deepcopy(state.records), events=list(state.events))
    after.records[deal["name"]] = dict(deal)
    write(after, plan)
    return after


def write(state: State, plan: Seating) -> bool:
    """Bring the world to it; gives whether anything changed."""
    before = len(state.events)
    for seat, _ in plan.made:
        state.records[str(seat["name"])] = dict(seat)
        state.happened("create", seat, None)
    for name, said in plan.told.items():
        seat = state.records[name]
        if any(seat[one] != value for one, value in said.items()):
            writes.changed(state, seat, "update", **said)
    for name in plan.gone:
        writes.remove(state, state.records[name])
    return len(state.events) > before


# -- what callers know


def without_known_names(state: State, operation: Operation) -> Operation:
    """The same, but that seats which are there are not called anew: here a name is an identity."""
    if "people" not in operation.values:
        return operation
    deal = state.records.get(operation.record)
    if operation.what == "upsert":
        code = operation.values["code"]
        deal = next((one for one in state.of("deal") if one["code"] == code), None)
    here = set() if deal is None else {one["contact"] for one in state.referring("seat", "deal", deal)}
    sent = [
        unnamed(one) if not isinstance(one, str) and one["id"] in here else one
        for one in operation.values["people"]
    ]
    return replace(operation, values={**operation.values, "people": sent})


def unnamed(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is sent of somebody, without the name of the seat."""
    return {"id": entry["id"], "link": {name: said for name, said in entry["link"].items() if name != "name"}}
