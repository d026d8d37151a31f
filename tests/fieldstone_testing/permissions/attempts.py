"""What becomes of anything that users try: see `writes`, `line_writes` and `undoing`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy

from fieldstone_testing.permissions import line_writes, merging, seat_writes, undoing, writes
from fieldstone_testing.permissions.steps import steps
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

CAPABILITIES = {
    "bulk update": "bulk_edit",
    "bulk nested": "bulk_edit",
    "bulk delete": "bulk_edit",
    "bulk create": "import",
}


def attempted(state: State, operation: Operation) -> str:
    """What becomes of an operation."""
    who = state.person(operation.user)
    if operation.what == "merge":
        return merging.merge(state, who, operation)
    if operation.record in state.purged:
        return purged_since(who, operation)
    if operation.what.startswith("bulk "):
        return in_bulk(state, who, operation)
    return _ATTEMPTS[operation.what](state, who, operation)


def purged_since(who: Person, operation: Operation) -> str:
    """What is not there any more is unknown, but a bulk call or a purge may end before it is looked for."""
    capability = {**CAPABILITIES, "purge": "purge"}.get(operation.what)
    return UNKNOWN if capability is None or capability in who.capabilities else REFUSED


def in_bulk(state: State, who: Person, operation: Operation) -> str:
    """The same with one line of a bulk call, which takes a capability, and can be undone."""
    before = deepcopy(state.records)
    outcome = REFUSED
    if CAPABILITIES[operation.what] in who.capabilities:
        outcome = _ATTEMPTS[operation.what.removeprefix("bulk ")](state, who, operation)
    state.bulks.append(did(state, operation, before) if outcome == DONE else None)
    return outcome


def did(state: State, operation: Operation, before: Mapping[str, Record]) -> Bulk | None:
    """What a bulk call changed, None for nothing. Those about what lives inside deals are not undone."""
    done = steps(state, before)
    if operation.what == "bulk delete":
        done = [one for one in done if one.record == operation.record]
    within = None if "lines" in operation.values else done
    return Bulk(operation.user, operation.what, operation.record, within) if done else None


_ATTEMPTS: dict[str, Callable[[State, Person, Operation], str]] = {
    "update": writes.update,
    "create": writes.create,
    "upsert": writes.upsert,
    "delete": writes.delete,
    "restore": writes.restore,
    "purge": writes.purge,
    "transition": writes.transition,
    "share": writes.share,
    "unshare": writes.unshare,
    "expire": writes.expire,
    "change line": line_writes.change_line,
    "add line": line_writes.add_line,
    "drop line": line_writes.drop_line,
    "add seat": seat_writes.add_seat,
    "change seat": seat_writes.change_seat,
    "drop seat": writes.delete,
    "nested": line_writes.change_inside,
    "undo": undoing.undo,
}
