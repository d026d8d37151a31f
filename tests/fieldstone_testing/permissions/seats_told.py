"""What the histories of deals and contacts tell of seats: who came and who went, call by call.

It is told of those links that may be read now, with both of what they lead to, where the record at the other
end may be read too, and in the deal the field that makes the collection. Links and records in the recycle
bin have a history like all others; what was purged has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fieldstone_testing.permissions.rights import may_field, may_read
from fieldstone_testing.permissions.worlds import Event, Person, Record, State

Pair = list[list[str]]
"""Who is not linked any more, and who came."""
SIDES = {"deal": ("people", "contact"), "contact": ("seated", "deal")}
"""Entity → the collection of links there, and the reference of a seat to the other end."""


def told(state: State, who: Person, record: Record) -> dict[int, dict[str, list[Any]]]:
    """Call → collection → who went and who came, None for nobody."""
    if record["entity"] not in SIDES:
        return {}
    name, far = SIDES[record["entity"]]
    found: dict[int, Pair] = {}
    for event in state.events:
        seat = state.records.get(event.record)
        if seat is not None and leads(seat, record) and is_open(state, who, seat, far):
            for before, after in steps(event, seat, far):
                pair = found.setdefault(event.call, [[], []])
                pair[0] += before
                pair[1] += after
    return {call: {name: [sorted(side) or None for side in pair]} for call, pair in found.items()}


def leads(seat: Record, record: Record) -> bool:
    """Whether it is a seat that leads to a record now."""
    return seat["entity"] == "seat" and seat[record["entity"]] == record["name"]


def is_open(state: State, who: Person, seat: Record, far: str) -> bool:
    """Whether somebody may know of a link, from the end that `far` does not lead to."""
    deal, other = state.records[seat["deal"]], state.records[seat[far]]
    known = all(may_field(state, who, "read", seat, name) for name in ("deal", "contact"))
    shown = may_field(state, who, "read", deal, "people")
    return may_read(state, who, seat) and known and shown and may_read(state, who, other)


def steps(event: Event, seat: Record, far: str) -> Iterator[tuple[list[str], list[str]]]:
    """Who went and who came by an event of a seat."""
    if event.action == "create" and event.after is not None:
        yield [], [event.after[far]]
    elif event.action == "restore":
        yield [], [seat[far]]
    elif event.action == "delete":
        yield [seat[far]], []
    elif event.before is not None and event.after is not None and event.before[far] != event.after[far]:
        yield [event.before[far]], [event.after[far]]
