"""What becomes of seats, the links between deals and contacts, that are written by themselves.

They are records with rights of their own; whoever makes one has to be able to read what it links.
"""

from __future__ import annotations

from fieldstone_testing.permissions.rights import may, may_field, may_read
from fieldstone_testing.permissions.surface import field_possible, knows
from fieldstone_testing.permissions.worlds import DONE, REFUSED, UNKNOWN, Operation, Person, Record, State
from fieldstone_testing.permissions.writes import changed, is_seated


def add_seat(state: State, who: Person, operation: Operation) -> str:
    """Seat a contact at a deal, once."""
    own = {"owner": who.name, "team": who.first_team, "created_by": who.name}
    start = {"name": operation.record, "entity": "seat", "deleted": False, "version": 1}
    seat = {**start, **own, **operation.values}
    leads = [state.records.get(seat[name]) for name in ("deal", "contact")]
    there = all(one is not None and not one["deleted"] and may_read(state, who, one) for one in leads)
    if not (there and may_make(state, who, seat)) or is_seated(state, seat["deal"], seat["contact"]):
        return REFUSED
    state.records[operation.record] = seat
    state.happened("create", seat, None)
    return DONE


def may_make(state: State, who: Person, seat: Record) -> bool:
    """Whether somebody may create such a seat with all of its fields."""
    sent = ("name", "deal", "contact", "duty")
    return may(state, who, "create", seat) and all(
        knows(state, who, "seat", name) and may_field(state, who, "create", seat, name) for name in sent
    )


def change_seat(state: State, who: Person, operation: Operation) -> str:
    """Change what somebody does there."""
    seat, duty = state.records[operation.record], operation.values["duty"]
    if seat["deleted"] or not may_read(state, who, seat):
        return UNKNOWN
    if not field_possible(state, who, "read", "seat", "duty"):
        return REFUSED
    told = seat["duty"] != duty or not may_field(state, who, "read", seat, "duty")
    states = (seat, {**seat, "duty": duty})
    if not all(may(state, who, "update", one) for one in states):
        return REFUSED
    if told and not all(may_field(state, who, "update", one, "duty") for one in states):
        return REFUSED
    if seat["duty"] != duty:
        changed(state, seat, "update", duty=duty)
    return DONE
