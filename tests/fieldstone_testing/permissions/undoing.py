"""What becomes of undoing bulk calls: it takes the rights to do what undoes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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
    Step,
)
from fieldstone_testing.permissions.writes import (
    cascaded,
    changeable,
    changed,
    is_taken,
    remove,
    restore,
)


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
    """What becomes of the undo of a bulk call: as much as may be, step by step."""
    outcomes = [step_back(state, who, one) for one in bulk.steps or ()]
    return DONE if DONE in outcomes else REFUSED


def step_back(state: State, who: Person, step: Step) -> str:
    """What becomes of the undo of one step."""
    record = state.records.get(step.record)
    if record is None or record["version"] != step.version:
        return REFUSED
    if step.how == "change":
        return change_back(state, who, record, step.before)
    if step.how == "restore":
        return restore(state, who, Operation("restore", who.name, step.record))
    return take_away(state, who, record)


def last_of(state: State, who: Person) -> int | None:
    """Which bulk call somebody undoes: the last one of those that are told and are ever undone."""
    found = (at for at in told(state, who) if (bulk := state.bulks[at]) and bulk.steps is not None)
    return next(found, None)


def told(state: State, who: Person) -> list[int]:
    """Which bulk calls somebody is told of, the last first: the own ones that changed what is still there."""
    did = [(at, one) for at, one in enumerate(state.bulks) if one is not None]
    own = [(at, one) for at, one in did if one.user == who.name and one.record not in state.purged]
    allowed = who.limits.entities
    return [at for at, one in own[::-1] if allowed is None or kind(one) in allowed]


def kind(bulk: Bulk) -> str:
    """The entity whose records a call was about; what is made by a bulk call is a deal."""
    return entity_of(bulk.record)


def entity_of(name: str) -> str:
    """The entity of what is called so."""
    return name.partition("_")[0].replace("made", "deal")


def operations(state: State, who: Person) -> list[tuple[int, int, int, bool]]:
    """Each of them: which one, how many records it changed and deleted, whether it was taken back."""
    bulks = [(at, bulk) for at in told(state, who) if (bulk := state.bulks[at]) is not None]
    return [(at, number(bulk), int(bulk.what in {"bulk delete", "merge"}), bulk.undone) for at, bulk in bulks]


def number(bulk: Bulk) -> int:
    """How many records of its entity a call changed: a merge perhaps the kept one as well."""
    of_kind = [one for one in bulk.steps or () if entity_of(one.record) == kind(bulk)]
    return len(of_kind) or 1


def change_back(state: State, who: Person, record: Record, before: Mapping[str, Any]) -> str:
    """Give a record the values that it had; a contact that is gone by now does not come back to it."""
    if record["deleted"] or not before or not may_read(state, who, record):
        return REFUSED
    wanted = {**record, **before}
    again = [state.records.get(one) for one in {*wanted.get("contacts", ())} - {*record.get("contacts", ())}]
    if any(one is None or one["deleted"] for one in again) or is_taken(state, wanted):
        return REFUSED
    if not changeable(state, who, record, wanted, set(before)):
        return REFUSED
    changed(state, record, "update", **before)
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
