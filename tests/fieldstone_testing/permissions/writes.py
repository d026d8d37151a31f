"""What becomes of what users try: the specification of every endpoint that writes.

`attempted` says whether something is done, refused, or answered as if the record were not there, and brings
the world up to date where it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from fieldstone_testing.permissions.documents import PRIVATE, REFERENCES, TRANSITIONS
from fieldstone_testing.permissions.rights import (
    grants,
    is_shareable,
    may,
    may_assign,
    may_field,
    may_read,
    may_share,
    narrowing_of,
    token_leaves,
)
from fieldstone_testing.permissions.views import may_take
from fieldstone_testing.permissions.worlds import Event, Operation, Person, Record, Share, State

DONE, REFUSED, UNKNOWN = "done", "refused", "unknown"
ASSIGNED = {"owner", "team"}
CAPABILITIES = {"bulk update": "bulk_edit", "bulk delete": "bulk_edit", "bulk create": "import"}


def attempted(state: State, operation: Operation) -> str:
    """What becomes of an operation."""
    who = state.person(operation.user)
    capability = CAPABILITIES.get(operation.what)
    if capability is not None and capability not in who.capabilities:
        return REFUSED
    return _ATTEMPTS[operation.what.removeprefix("bulk ")](state, who, operation)


# -- changing


def update(state: State, who: Person, operation: Operation) -> str:
    """Change fields: allowed on the record as it is stored and as it would be, field by field."""
    record = state.records[operation.record]
    if record["deleted"] or not may_read(state, who, record):
        return UNKNOWN
    if not all(knows_field(state, who, "deal", name) for name in operation.values):
        return REFUSED
    sent = {name: value for name, value in operation.values.items() if tells(state, who, record, name, value)}
    wanted = {**record, **sent}
    if not (changeable(state, who, record, wanted, set(sent)) and pickable(state, who, sent)):
        return REFUSED
    if any(record[name] != value for name, value in sent.items()):
        changed(state, record, "update", **sent)
    return DONE


def tells(state: State, who: Person, record: Record, name: str, value: Any) -> bool:
    """Whether a value counts as sent: one that is so already does not, unless the caller cannot see it."""
    return record[name] != value or not may_field(state, who, "read", record, name)


def changeable(state: State, who: Person, stored: Record, wanted: Record, names: set[str]) -> bool:
    """Whether a change is allowed before and after it. Giving away takes `assign`, judged before."""
    if not all(may_assign(state, who, stored) for _ in names & ASSIGNED):
        return False
    if names and names <= ASSIGNED:
        return True
    judged = {**wanted, **{name: stored[name] for name in ASSIGNED}}
    return all(
        may(state, who, "update", one)
        and all(may_field(state, who, "update", one, name) for name in names - ASSIGNED)
        for one in (stored, judged)
    )


def pickable(state: State, who: Person, sent: dict[str, Any]) -> bool:
    """Whether what is referred to may be read; oneself and the own teams always."""
    for name, value in sent.items():
        if name in REFERENCES["deal"] and value is not None:
            target = state.records[value]
            if target["deleted"] or not may_read(state, who, target):
                return False
        if name in ASSIGNED and value is not None and value not in {who.name, *who.teams} and not who.roles:
            return False
    return True


def knows_field(state: State, who: Person, entity: str, name: str) -> bool:
    """Whether a field exists for somebody: it does not if nothing could ever show it."""
    if name in PRIVATE.get(entity, ()) and "private_data" not in who.capabilities:
        return False
    if not token_leaves(who, "read", entity):
        return False
    found = [
        (grant.read, narrowing_of(role, entity, name).read) for role, grant in grants(state, who, entity)
    ]
    shown = any(read.text != "false" and (one is None or one.text != "false") for read, one in found)
    narrowings = [one for _, one in found] or [None]
    shared = is_shareable(state, entity) and any(one is None or one.text != "false" for one in narrowings)
    return shown or shared


# -- creating


def create(state: State, who: Person, operation: Operation) -> str:
    """Create a deal: allowed for what it would be, with its defaults."""
    wanted = made(state, who, operation)
    if not all(knows_when_creating(state, who, name) for name in operation.values):
        return REFUSED
    sent = set(operation.values) - own_fields(who, wanted)
    allowed = (
        may(state, who, "create", wanted)
        and all(
            may_field(state, who, "create", wanted, name) for name in {"name", *operation.values} - ASSIGNED
        )
        and all(may_assign(state, who, wanted) for _ in sent & ASSIGNED)
        and all(
            may_field(state, who, "create", wanted, name) for name in set(operation.values) & ASSIGNED - sent
        )
    )
    if not (allowed and pickable(state, who, dict(operation.values))):
        return REFUSED
    state.records[operation.record] = wanted
    state.events.append(Event(operation.record, "create", None, deepcopy(wanted)))
    return DONE


def made(state: State, who: Person, operation: Operation) -> Record:
    """A new deal as it would be."""
    nothing = dict.fromkeys(("code", "account", "parent", "amount", "note", "salary", "paper"))
    own = {"owner": who.name, "team": who.first_team, "created_by": who.name}
    start = {"name": operation.record, "entity": "deal", "deleted": False, "version": 1, "stage": "open"}
    record = {**start, **nothing, **own, "contacts": [], "files": [], "said": [], **operation.values}
    if "owner" in operation.values and "team" not in operation.values:
        record["team"] = state.person(str(operation.values["owner"])).first_team
    return record


def own_fields(who: Person, wanted: Record) -> set[str]:
    """Whoever creates a record may name itself and its own teams as owner and team."""
    return {name for name in ASSIGNED if wanted[name] in {who.name, *who.teams}}


def knows_when_creating(state: State, who: Person, name: str) -> bool:
    """Whether a field exists for somebody who creates: who may read nothing knows what may be sent."""
    if knows_field(state, who, "deal", name):
        return True
    readable = knows_field(state, who, "deal", "name")
    private = name in PRIVATE["deal"] and "private_data" not in who.capabilities
    return not readable and not private


# -- removing and bringing back


def delete(state: State, who: Person, operation: Operation) -> str:
    """To the recycle bin: nothing may refer to it, and what goes with it needs the right as well."""
    record = state.records[operation.record]
    if record["deleted"] or not may_read(state, who, record):
        return UNKNOWN
    going = [record, *cascaded(state, record)]
    held = state.referring("deal", "parent", record) if record["entity"] == "deal" else []
    if held or not all(may(state, who, "delete", one) for one in going):
        return REFUSED
    remove(state, record)
    return DONE


def cascaded(state: State, record: Record) -> list[Record]:
    """What goes with a record, besides what lives inside it."""
    return state.referring("contact", "account", record) if record["entity"] == "account" else []


def remove(state: State, record: Record) -> None:
    """Move a record to the bin, with its contacts and lines, and clear the references to it."""
    contacts, lines = cascaded(state, record), inside(state, record)
    cleared = state.referring("deal", "account", record) if record["entity"] == "account" else []
    record["took"] = [one["name"] for one in contacts]
    record["cleared"] = [one["name"] for one in cleared]
    for line in lines:
        line["deleted"] = True
    for one in [record, *contacts]:
        changed(state, one, "delete", deleted=True)
    for deal in cleared:
        changed(state, deal, "update", account=None)


def inside(state: State, record: Record) -> list[Record]:
    """The lines of a record."""
    return state.inside(record) if record["entity"] == "deal" else []


def restore(state: State, who: Person, operation: Operation) -> str:
    """Out of the recycle bin, for whoever may delete; what it refers to must be there."""
    record = state.records[operation.record]
    if not record["deleted"] or not may_read(state, who, record):
        return UNKNOWN
    needed = {"contact": "account", "deal": "parent"}.get(record["entity"])
    around = state.target(record, needed) if needed else None
    if not may(state, who, "delete", record) or (around is not None and around["deleted"]):
        return REFUSED
    revive(state, record)
    return DONE


def revive(state: State, record: Record) -> None:
    """Bring a record back with what went with it, and refill what was cleared."""
    lines = inside(state, record)
    account = state.target(record, "account") if record["entity"] == "deal" else None
    emptied = {"account": None} if account is not None and account["deleted"] else {}
    for line in lines:
        line["deleted"] = False
    changed(state, record, "restore", deleted=False, **emptied)
    for name in record.pop("took", []):
        if state.records[name]["deleted"]:
            changed(state, state.records[name], "restore", deleted=False)
    for name in record.pop("cleared", []):
        if state.records[name]["account"] is None:
            changed(state, state.records[name], "update", account=record["name"])


# -- transitions and shares


def transition(state: State, who: Person, operation: Operation) -> str:
    """Take a transition."""
    record = state.records[operation.record]
    if record["deleted"] or not may_read(state, who, record):
        return UNKNOWN
    name = str(operation.values["name"])
    if not may_take(state, who, record, name):
        return REFUSED
    changed(state, record, "transition", stage=TRANSITIONS[name][1])
    return DONE


def share(state: State, who: Person, operation: Operation) -> str:
    """Share a record; with the same receiver once more, it takes the place of the share before."""
    record, receiver = state.records[operation.record], str(operation.values["receiver"])
    if record["deleted"] or not may_read(state, who, record):
        return UNKNOWN
    verb = str(operation.values["verb"])
    shareable = is_shareable(state, record["entity"]) and receiver != who.name
    if not (shareable and may_share(state, who, record, verb)):
        return REFUSED
    same = (who.name, record["name"], receiver)
    state.shares = [one for one in state.shares if (one.sharer, one.record, one.receiver) != same]
    state.shares.append(Share(*same, verb))
    state.events.append(Event(record["name"], "share", deepcopy(record), deepcopy(record)))
    return DONE


def changed(state: State, record: Record, action: str, **values: Any) -> None:
    """Write values into a record, and remember what happened."""
    before = deepcopy(record)
    record |= values
    record["version"] += 1
    state.events.append(Event(record["name"], action, before, deepcopy(record)))


_ATTEMPTS: dict[str, Callable[[State, Person, Operation], str]] = {
    "update": update,
    "create": create,
    "delete": delete,
    "restore": restore,
    "transition": transition,
    "share": share,
}
