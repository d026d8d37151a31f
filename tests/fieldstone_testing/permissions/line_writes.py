"""What becomes of changes of lines and of parts in them: they are changes of the deal around them.

They take the right to update the deal, as it is and as it would be with them, and to set each field of the
line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from fieldstone_testing.permissions.documents import AROUND, INSIDE
from fieldstone_testing.permissions.rights import may, may_field, may_read
from fieldstone_testing.permissions.surface import field_possible, knows
from fieldstone_testing.permissions.worlds import DONE, REFUSED, UNKNOWN, Operation, Person, Record, State


def change_line(state: State, who: Person, operation: Operation) -> str:
    """Change the price of a line."""
    line = state.records[operation.record]
    if not is_there(state, who, line):
        return UNKNOWN
    return in_one_call(state, who, line, [Entry(line["name"], "update", dict(operation.values))])


def add_line(state: State, who: Person, operation: Operation) -> str:
    """Add a line to a deal, or a part to a line."""
    entity = operation.record.partition("_")[0]
    outside = state.records.get(str(operation.values[AROUND[entity]]))
    if outside is None or not is_there(state, who, outside) or not may(state, who, "update", outside):
        return REFUSED
    values = {"item": operation.record, **operation.values}
    return in_one_call(state, who, outside, [Entry(operation.record, "create", values)])


def drop_line(state: State, who: Person, operation: Operation) -> str:
    """Remove a line."""
    line = state.records[operation.record]
    if not is_there(state, who, line):
        return UNKNOWN
    return in_one_call(state, who, line, [Entry(line["name"], "delete", {})])


def change_inside(state: State, who: Person, operation: Operation) -> str:
    """Change, add and remove lines and parts with one call of their deal."""
    deal = state.records[operation.record]
    if not is_there(state, who, deal):
        return UNKNOWN
    entries = list(entries_of(deal, operation.values["lines"]))
    if not all(stands_in(state, one) for one in entries):
        return REFUSED
    return in_one_call(state, who, deal, entries)


def is_there(state: State, who: Person, line: Record) -> bool:
    """Whether there is such a record for somebody."""
    return not line["deleted"] and may_read(state, who, line)


# -- what a call says of lines


@dataclass(frozen=True)
class Entry:
    """What is done with a line or a part. what: `create`, `update` or `delete`. around: where it is sent."""

    name: str
    what: str
    values: dict[str, Any]
    around: str = ""

    @property
    def entity(self) -> str:
        """`line` or `part`."""
        return self.name.partition("_")[0]


def entries_of(outside: Record, sent: Sequence[dict[str, Any]]) -> Iterator[Entry]:
    """What is sent inside a record, the outer ones first."""
    entity, _ = INSIDE[outside["entity"]]
    for one in sent:
        values = {name: value for name, value in one.items() if name in {"item", "price"}}
        what = "delete" if one.get("_delete") else "update" if "id" in one else "create"
        name = one.get("id", one.get("item"))
        around = {outside["entity"]: outside["name"]} if what == "create" else {}
        yield Entry(name, what, values | around, outside["name"])
        if "parts" in one:
            yield from entries_of({"entity": entity, "name": name}, one["parts"])


def stands_in(state: State, entry: Entry) -> bool:
    """Whether what an entry names is there, in the record that it is sent with."""
    line = state.records.get(entry.name)
    if entry.what == "create":
        return True
    return line is not None and not line["deleted"] and line[AROUND[entry.entity]] == entry.around


# -- one call


def in_one_call(state: State, who: Person, inside: Record, entries: Sequence[Entry]) -> str:
    """Do all of it, or nothing; allowed on the deal and its lines as they are, and as they would be."""
    deal = state.outermost(inside)
    after = deepcopy(state)
    told = [one for one in entries if write(after, one)]
    known = all(field_possible(state, who, "read", one.entity, "price") for one in entries if prices(one))
    allowed = deal is not None and all(
        may(one, who, "update", one.records[deal["name"]]) and all(lets(one, who, state, e) for e in entries)
        for one in (state, after)
    )
    if not known or not allowed:
        return REFUSED
    state.records = after.records
    if told:
        touch(state, state.records[inside["name"]])
    return DONE


def prices(entry: Entry) -> bool:
    """Whether an entry says a price."""
    return "price" in entry.values


def write(state: State, entry: Entry) -> bool:
    """Bring the world to what an entry says; gives whether that is any change."""
    if entry.what == "create":
        plain = {"name": entry.name, "entity": entry.entity, "deleted": False, "version": 1, "price": None}
        state.records[entry.name] = plain | entry.values
        return True
    line = state.records[entry.name]
    before = dict(line)
    if entry.what == "delete":
        for one in [line, *state.all_inside(line)]:
            one |= {"deleted": True, "removed": True}
    else:
        line |= entry.values
    return line != before


def lets(state: State, who: Person, stored: State, entry: Entry) -> bool:
    """Whether somebody may do it to the line in this state of the world, and to these fields of it.

    What is there already is not judged before it is created, and what is gone not after it. A price that is
    so already does not count, unless the caller cannot see it.
    """
    line = state.records.get(entry.name)
    if line is None or (entry.what == "delete" and line["deleted"]):
        return True
    names = set(entry.values)
    if entry.what == "update":
        was = stored.records[entry.name]
        unseen = not may_field(stored, who, "read", was, "price")
        names = {name for name in names if unseen or was[name] != entry.values[name]}
    return may(state, who, entry.what, line) and all(
        may_field(state, who, entry.what, line, name) for name in names
    )


def begins(after: State, who: Person, entry: Entry) -> bool:
    """Whether somebody may create a line or part together with its deal. after: the world with all of it."""
    line = after.records[entry.name]
    known = knows(after, who, entry.entity, "price")
    return (known or not prices(entry)) and all(
        may_field(after, who, "begin", line, name) for name in entry.values
    )


def touch(state: State, line: Record) -> None:
    """The deal around a changed line has a new version."""
    deal = state.outermost(line)
    assert deal is not None
    before = deepcopy(deal)
    deal["version"] += 1
    state.happened("update", deal, before)
