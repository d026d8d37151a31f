"""What becomes of changes of lines: they are changes of the deal around them.

They take the right to update the deal, as it is and as it would be with them, and to set each field of the
line.
"""

from __future__ import annotations

from copy import deepcopy

from fieldstone_testing.permissions.rights import may, may_field, may_read
from fieldstone_testing.permissions.surface import field_possible
from fieldstone_testing.permissions.worlds import DONE, REFUSED, UNKNOWN, Operation, Person, Record, State


def change_line(state: State, who: Person, operation: Operation) -> str:
    """Change the price of a line."""
    line = state.records[operation.record]
    if not is_there(state, who, line):
        return UNKNOWN
    price = operation.values["price"]
    told = price != line["price"] or not may_field(state, who, "read", line, "price")
    names = ["price"] if told else []
    if not field_possible(state, who, "read", "line", "price"):
        return REFUSED
    after = changed_copy(state, line["name"], price=price)
    if not (
        allowed(state, who, line["name"], "update", names)
        and allowed(after, who, line["name"], "update", names)
    ):
        return REFUSED
    if line["price"] != price:
        line["price"] = price
        touch(state, line)
    return DONE


def add_line(state: State, who: Person, operation: Operation) -> str:
    """Add a line to a deal."""
    deal = state.records.get(str(operation.values["deal"]))
    if (
        deal is None
        or deal["deleted"]
        or not may_read(state, who, deal)
        or not may(state, who, "update", deal)
    ):
        return REFUSED
    line = {
        "name": operation.record,
        "entity": "line",
        "item": operation.record,
        "deleted": False,
        "version": 1,
    }
    line |= {"deal": deal["name"], "price": operation.values["price"]}
    after = deepcopy(state)
    after.records[operation.record] = line
    known = field_possible(state, who, "read", "line", "price")
    if not known or not allowed(after, who, line["name"], "create", ["item", "deal", "price"]):
        return REFUSED
    state.records[operation.record] = line
    touch(state, line)
    return DONE


def drop_line(state: State, who: Person, operation: Operation) -> str:
    """Remove a line."""
    line = state.records[operation.record]
    if not is_there(state, who, line):
        return UNKNOWN
    after = changed_copy(state, line["name"], deleted=True, removed=True)
    deal = after.records[line["deal"]]
    if not (may(state, who, "delete", line) and may(after, who, "update", deal)):
        return REFUSED
    line |= {"deleted": True, "removed": True}
    touch(state, line)
    return DONE


def is_there(state: State, who: Person, line: Record) -> bool:
    """Whether there is such a line for somebody."""
    return not line["deleted"] and may_read(state, who, line)


def allowed(state: State, who: Person, name: str, verb: str, fields: list[str]) -> bool:
    """Whether somebody may do it to a line in this state of the world, and to these fields of it."""
    line = state.records[name]
    return may(state, who, verb, line) and all(may_field(state, who, verb, line, one) for one in fields)


def changed_copy(state: State, name: str, **values: object) -> State:
    """The world as it would be."""
    after = deepcopy(state)
    after.records[name] |= values
    return after


def touch(state: State, line: Record) -> None:
    """The deal around a changed line has a new version."""
    deal = state.records[line["deal"]]
    before = deepcopy(deal)
    deal["version"] += 1
    state.happened("update", deal, before)
