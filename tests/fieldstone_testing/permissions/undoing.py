"""What becomes of undoing bulk calls: it takes the rights to do what undoes them."""

from __future__ import annotations

from dataclasses import replace

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
    at = last_of(state, who)
    bulk = None if at is None else state.bulks[at]
    if at is None or bulk is None:
        return UNKNOWN
    outcome = taken_back(state, who, bulk)
    state.bulks[at] = replace(bulk, undone=bulk.undone or outcome == DONE)
    return outcome


def taken_back(state: State, who: Person, bulk: Bulk) -> str:
    """What becomes of the undo of a bulk call."""
    record = state.records.get(bulk.record)
    if record is None or record["version"] != bulk.version:
        return REFUSED
    if bulk.what == "bulk update":
        return change_back(state, who, record, bulk)
    if bulk.what in {"bulk delete", "merge"}:
        return restore(state, who, Operation("restore", who.name, bulk.record))
    return take_away(state, who, record)


def last_of(state: State, who: Person) -> int | None:
    """Which bulk call somebody undoes: the last one of those that are told."""
    found = told(state, who)
    return found[0] if found else None


def told(state: State, who: Person) -> list[int]:
    """Which bulk calls somebody is told of, the last first: the own ones that changed what is still there."""
    did = [(at, one) for at, one in enumerate(state.bulks) if one is not None]
    own = [(at, one) for at, one in did if one.user == who.name and one.record not in state.purged]
    allowed = who.limits.entities
    return [at for at, one in own[::-1] if allowed is None or kind(one) in allowed]


def kind(bulk: Bulk) -> str:
    """The entity whose records a call was about; what is made by a bulk call is a deal."""
    return bulk.record.partition("_")[0].replace("made", "deal")


def operations(state: State, who: Person) -> list[tuple[int, int, int, bool]]:
    """Each of them: which one, how many records it changed and deleted, whether it was taken back."""
    bulks = [(at, bulk) for at in told(state, who) if (bulk := state.bulks[at]) is not None]
    return [(at, 1, int(bulk.what in {"bulk delete", "merge"}), bulk.undone) for at, bulk in bulks]


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
