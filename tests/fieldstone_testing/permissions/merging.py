"""What becomes of merges, and of merged records that come back: by a restore, or by the undo of the merge.

Whoever merges needs to update the kept record, as it is and as it will be, and to delete the other one; what
refers to that needs no right.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from fieldstone_testing.permissions import views, writes
from fieldstone_testing.permissions.documents import AROUND, REFERENCES
from fieldstone_testing.permissions.rights import may, may_field, may_read
from fieldstone_testing.permissions.steps import steps
from fieldstone_testing.permissions.worlds import (
    DONE,
    REFUSED,
    UNKNOWN,
    Bulk,
    Operation,
    Person,
    Record,
    Share,
    State,
    Step,
)

NOT_TAKEN = {"double", "paper"}
"""What is computed, and files."""
LISTS = {"contacts", "people"}


@dataclass(frozen=True)
class Redirected:
    """What a merge did. kept: into which record. led: (record, field, value before, value after)."""

    kept: str
    led: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def merge(state: State, who: Person, operation: Operation) -> str:
    """Merge a record into another one."""
    other = str(operation.values["other"])
    outcome, done = merged(state, who, operation, other)
    state.bulks.append(Bulk(who.name, "merge", other, done) if outcome == DONE else None)
    return outcome


def merged(state: State, who: Person, operation: Operation, merged_name: str) -> tuple[str, list[Step]]:
    """The same: what becomes of it, and what it did, but for what comes back with the merged record."""
    name = operation.record
    pair = [state.records.get(one) for one in (name, merged_name)]
    if any(one is None or one["deleted"] or not may_read(state, who, one) for one in pair):
        return UNKNOWN, []
    kept, other = state.records[name], state.records[merged_name]
    if not (may(state, who, "update", kept) and may(state, who, "delete", other)):
        return REFUSED, []
    took = taken(state, who, other, operation.values.get("take", ()))
    if took is None:
        return REFUSED, []
    after = deepcopy(state)
    redirect(after, after.records[name], after.records[merged_name])
    led = deepcopy(after.records)
    values = {**operation.values.get("values", {}), **took}
    outcome = writes.change(after, who, after.records[name], Operation("update", who.name, name, values))
    if outcome != DONE:
        return outcome, []
    state.records, state.shares, state.events = after.records, after.shares, after.events
    gone = after.records[merged_name]
    return DONE, [*steps(after, led), Step(merged_name, "restore", {}, gone["version"])]


def taken(state: State, who: Person, other: Record, names: Sequence[str]) -> dict[str, Any] | None:
    """What the kept record gets from the merged one, as its reader sees it; None where it cannot be taken."""
    found = {}
    for name in names:
        known = writes.knows_field(state, who, other["entity"], name)
        if name in NOT_TAKEN or not known or not may_field(state, who, "read", other, name):
            return None
        found[name] = views.value(state, who, other, name) if name in LISTS else other[name]
    return found


def redirect(state: State, kept: Record, other: Record) -> None:
    """Everything that led to a record leads to the kept one, and the record goes to the bin."""
    done = Redirected(kept["name"], list(leading(state, kept, other)))
    copy_shares(state, kept, other)
    own = {name: value for record, name, _, value in done.led if record == kept["name"]}
    writes.changed(state, kept, "update", **own)
    for name, reference, _, value in done.led:
        if name != kept["name"]:
            lead(state, name, reference, value)
    for belonging, moved in (("said", done.said), ("files", done.files)):
        if other.get(belonging):
            moved.extend(other[belonging])
            kept[belonging], other[belonging] = [*kept[belonging], *moved], []
    writes.remove(state, other)
    other["merged"] = done


def leading(state: State, kept: Record, other: Record) -> list[tuple[str, str, Any, Any]]:
    """What leads to a record by which field, with what it says now and will say."""
    found: list[tuple[str, str, Any, Any]] = []
    for one in state.records.values():
        gone = one["deleted"] or one is other
        for reference, entity in REFERENCES.get(one["entity"], {}).items():
            to_other = entity == other["entity"] and one[reference] == other["name"]
            if to_other and not gone and one is not kept and not is_twice(state, one, reference, kept):
                found.append((one["name"], reference, other["name"], kept["name"]))
        if not gone and other["name"] in one.get("contacts", ()):
            wanted = sorted({*one["contacts"], kept["name"]} - {other["name"]})
            found.append((one["name"], "contacts", list(one["contacts"]), wanted))
    if is_below(state, kept, other):
        found.append((kept["name"], "parent", kept["parent"], other["parent"]))
    return found


def is_twice(state: State, record: Record, reference: str, kept: Record) -> bool:
    """Whether a seat would link what the kept record is linked to already; it goes with the other one."""
    pair = {**record, reference: kept["name"]}
    return record["entity"] == "seat" and writes.is_seated(state, pair["deal"], pair["contact"])


def is_below(state: State, record: Record, other: Record) -> bool:
    """Whether a deal stands below another one, however deep."""
    above = state.target(record, "parent") if record["entity"] == "deal" else None
    return above is not None and (above is other or is_below(state, above, other))


def lead(state: State, name: str, reference: str, value: Any) -> None:
    """Have a record say something else of what it leads to; of lines nobody is told."""
    record = state.records[name]
    if record["entity"] in AROUND:
        record[reference] = value
    else:
        writes.changed(state, record, "update", **{reference: value})


def copy_shares(state: State, kept: Record, other: Record) -> None:
    """Share the kept record with whom the other one is shared, but for whom the same person does already."""
    known = {(one.sharer, one.receiver) for one in state.shares if one.record == kept["name"]}
    for one in list(state.shares):
        if one.record == other["name"] and (one.sharer, one.receiver) not in known:
            state.shares.append(Share(one.sharer, kept["name"], one.receiver, one.verb, other["name"]))


def take_back(state: State, other: Record, done: Redirected) -> None:
    """What led to a merged record leads to it again where that is still as the merge left it."""
    kept = state.records.get(done.kept)
    copies = [one for one in state.shares if one.record == done.kept and one.copied == other["name"]]
    state.shares = [one for one in state.shares if one not in copies]
    for name, reference, was, left in done.led:
        record = state.records.get(name)
        if record is not None and reference == "contacts":
            come, gone = {*left} - {*was}, {*was} - {*left}
            back = sorted({*record["contacts"]} - come | gone)
            if back != sorted(record["contacts"]):
                lead(state, name, reference, back)
        elif record is not None and record[reference] == left:
            if record["entity"] in AROUND:
                record[reference] = was
            else:
                writes.changed(state, record, "update", **{reference: was})
    if kept is not None:
        give_back(kept, other, done)
        if copies:
            state.happened("unshare", kept, deepcopy(kept), tells_inside=False)


def give_back(kept: Record, other: Record, done: Redirected) -> None:
    """Comments and files that came with a record go back to it."""
    for belonging, moved in (("said", done.said), ("files", done.files)):
        if moved:
            kept[belonging] = [one for one in kept[belonging] if one not in moved]
            other[belonging] = [*other[belonging], *moved]
