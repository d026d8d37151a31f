"""What becomes of undoing bulk calls: it takes the rights to do what undoes them."""

from __future__ import annotations

from fieldstone_testing.permissions.rights import may, may_read
from fieldstone_testing.permissions.worlds import (
    DONE,
    REFUSED,
    UNKNOWN,
    Bulk,
    Operation,
    Person,
    Record,
    State,
)
from fieldstone_testing.permissions.writes import cascaded, changeable, changed, remove, restore


def undo(state: State, who: Person, operation: Operation) -> str:
    """Undo one's last bulk call, as far as nobody has changed its record since."""
    at = last_of(state, who.name)
    if at is None:
        return UNKNOWN
    bulk = state.bulks[at]
    record = None if bulk is None else state.records.get(bulk.record)
    if bulk is None or record is None or record["version"] != bulk.version:
        return REFUSED
    if bulk.what == "bulk update":
        return change_back(state, who, record, bulk)
    if bulk.what == "bulk delete":
        return restore(state, who, Operation("restore", who.name, bulk.record))
    return take_away(state, who, record)


def last_of(state: State, user: str) -> int | None:
    """Which bulk call somebody undoes: the last one that changed something."""
    found = [at for at, one in enumerate(state.bulks) if one is not None and one.user == user]
    return found[-1] if found else None


def change_back(state: State, who: Person, record: Record, bulk: Bulk) -> str:
    """Give a record the values that it had."""
    if record["deleted"] or not may_read(state, who, record):
        return REFUSED
    wanted = {**record, **bulk.before}
    if not changeable(state, who, record, wanted, set(bulk.before)):
        return REFUSED
    changed(state, record, "update", **bulk.before)
    return DONE


def take_away(state: State, who: Person, record: Record) -> str:
    """Move a record that was made to the bin."""
    if record["deleted"] or not may_read(state, who, record):
        return REFUSED
    held = state.referring("deal", "parent", record)
    if held or not all(may(state, who, "delete", one) for one in [record, *cascaded(state, record)]):
        return REFUSED
    remove(state, record)
    return DONE
