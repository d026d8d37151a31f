"""What becomes of what users try with records: the specification of the endpoints that write them.

Each function says whether something is done, refused, or answered as if the record were not there, and brings
the world up to date where it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from fieldstone_testing.permissions import line_writes, merging, seating
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
from fieldstone_testing.permissions.worlds import (
    DONE,
    REFUSED,
    UNKNOWN,
    Operation,
    Person,
    Record,
    Share,
    State,
)

ASSIGNED = {"owner", "team"}
TARGETS = {name for entity in ("deal", "contact") for name in REFERENCES[entity]}


# -- changing


def update(state: State, who: Person, operation: Operation) -> str:
    """Change fields: allowed on the record as it is stored and as it would be, field by field."""
    record = state.records[operation.record]
    if record["deleted"] or not may_read(state, who, record):
        return UNKNOWN
    return change(state, who, record, operation)


def change(state: State, who: Person, record: Record, operation: Operation) -> str:
    """The same of a record that is there for whoever changes it."""
    if not all(knows_field(state, who, record["entity"], name) for name in operation.values):
        return REFUSED
    values = {name: value for name, value in operation.values.items() if name != "people"}
    if "contacts" in values:
        values["contacts"] = with_unseen(state, who, record, values["contacts"])
    sent = {name: value for name, value in values.items() if tells(state, who, record, name, value)}
    wanted = {**record, **sent}
    plan = planned(state, who, record, operation)
    after = seating.seated(state, wanted, plan)
    names = {*sent, *people_sent(state, who, record, operation, plan)}
    allowed = changeable(state, who, record, wanted, names, after)
    if not (allowed and pickable(state, who, sent, record) and seating.is_allowed(state, after, who, plan)):
        return REFUSED
    if is_taken(state, wanted):
        return REFUSED
    reseated = seating.write(state, plan)
    if reseated or any(record[name] != value for name, value in sent.items()):
        changed(state, record, "update", **sent)
    return DONE


def planned(state: State, who: Person, record: Record, operation: Operation) -> seating.Seating:
    """What becomes of the seats of a deal, where people are sent with it."""
    if "people" not in operation.values:
        return seating.Seating()
    return seating.seating(state, who, record, operation.values["people"])


def people_sent(  # the words of the question
    state: State, who: Person, record: Record, operation: Operation, plan: seating.Seating
) -> set[str]:
    """`people`, where they count as sent."""
    counted = "people" in operation.values and seating.counts(state, who, record, plan)
    return {"people"} if counted else set()


def with_unseen(state: State, who: Person, record: Record, sent: Sequence[str]) -> list[str]:
    """The contacts that are sent for a deal, with those that somebody cannot see there, which stay."""
    there = (state.records[name] for name in record["contacts"])
    unseen = {one["name"] for one in there if one["deleted"] or not may_read(state, who, one)}
    return sorted({*sent, *unseen})


def is_taken(state: State, wanted: Record) -> bool:
    """Whether another live deal has the code of one."""
    code = wanted.get("code")
    others = (one for one in state.of("deal") if one["name"] != wanted["name"])
    return code is not None and any(one["code"] == code for one in others)


def tells(state: State, who: Person, record: Record, name: str, value: Any) -> bool:
    """Whether a value counts as sent: one that is so already does not, unless the caller cannot see it."""
    return record[name] != value or not may_field(state, who, "read", record, name)


def changeable(  # noqa: PLR0917  # the words of the question
    state: State, who: Person, stored: Record, wanted: Record, names: set[str], after: State | None = None
) -> bool:
    """Whether a change is allowed before and after it. Giving away takes `assign`, judged before.

    after: the world as it would be, where more than the record changes.
    """
    if not all(may_assign(state, who, stored) for _ in names & ASSIGNED):
        return False
    if names and names <= ASSIGNED:
        return True
    judged = {**wanted, **{name: stored[name] for name in ASSIGNED}}
    records = {**(after or state).records, judged["name"]: judged}
    return all(
        may(then, who, "update", one)
        and all(may_field(then, who, "update", one, name) for name in names - ASSIGNED)
        for then, one in ((state, stored), (replace(state, records=records), judged))
    )


def pickable(state: State, who: Person, sent: dict[str, Any], stored: Record | None = None) -> bool:
    """Whether what is referred to may be read; oneself and the own teams always. stored: as it is."""
    for name, value in sent.items():
        if name == "contacts":
            fresh = {*value} - {*(stored["contacts"] if stored else ())}
            if not all(is_open(state, who, state.records.get(one)) for one in fresh):
                return False
        if name in TARGETS and value is not None and not is_open(state, who, state.records.get(value)):
            return False
        if name in ASSIGNED and value is not None and value not in {who.name, *who.teams} and not who.roles:
            return False
    return True


def is_open(state: State, who: Person, target: Record | None) -> bool:
    """Whether there is such a record, live, for somebody."""
    return target is not None and not target["deleted"] and may_read(state, who, target)


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
    """Create a deal: allowed for what it would be, with its defaults, its people and what lives inside it."""
    wanted = made(state, who, operation)
    if not all(knows_when_creating(state, who, name) for name in operation.values if name != "lines"):
        return REFUSED
    plan = planned(state, who, wanted, operation)
    entries = list(line_writes.entries_of(wanted, operation.values.get("lines", ())))
    after = seating.seated(state, wanted, plan)
    for entry in entries:
        line_writes.write(after, entry)
    allowed = (
        may_make(after, who, wanted, set(operation.values) - {"lines"})
        and all(line_writes.begins(after, who, one) for one in entries)
        and seating.is_allowed(state, after, who, plan)
    )
    flat = {name: value for name, value in operation.values.items() if name not in {"people", "lines"}}
    if not (allowed and pickable(state, who, flat)) or is_taken(state, wanted):
        return REFUSED
    state.records[operation.record] = wanted
    for entry in entries:
        line_writes.write(state, entry)
    state.happened("create", wanted, None)
    seating.write(state, plan)
    return DONE


def may_make(after: State, who: Person, wanted: Record, names: set[str]) -> bool:
    """Whether somebody may create a deal with these fields. after: the world with it."""
    sent = names - own_fields(who, wanted)
    return (
        may(after, who, "create", wanted)
        and all(may_field(after, who, "create", wanted, name) for name in {"name", *names} - ASSIGNED)
        and all(may_assign(after, who, wanted) for _ in sent & ASSIGNED)
        and all(may_field(after, who, "create", wanted, name) for name in names & ASSIGNED - sent)
    )


def made(state: State, who: Person, operation: Operation) -> Record:
    """A new deal as it would be."""
    nothing = dict.fromkeys(("code", "account", "parent", "amount", "note", "salary", "paper"))
    own = {"owner": who.name, "team": who.first_team, "created_by": who.name}
    start = {"name": operation.record, "entity": "deal", "deleted": False, "version": 1, "stage": "open"}
    sent = {name: value for name, value in operation.values.items() if name not in {"people", "lines"}}
    record = {**start, **nothing, **own, "contacts": [], "files": [], "said": [], **sent}
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


def upsert(state: State, who: Person, operation: Operation) -> str:
    """Change the deal with this code, or create one: a deal or a code that may not be read is none."""
    code = operation.values["code"]
    if not knows_field(state, who, "deal", "code"):
        return REFUSED
    found = [one for one in state.of("deal") if may_read(state, who, one) and one["code"] == code]
    found = [one for one in found if may_field(state, who, "read", one, "code")]
    if found:
        return update(state, who, Operation("update", who.name, found[0]["name"], operation.values))
    taken = any(one["code"] == code for one in state.of("deal"))
    # Only a code of none of the deals at the beginning is sent together with a name.
    if taken or not str(code).startswith("x"):
        return REFUSED
    return create(state, who, operation)


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
    entity = record["entity"]
    contacts = state.referring("contact", "account", record) if entity == "account" else []
    around = {"account": [("contact", one) for one in contacts], "deal": [("deal", record)]}
    around["contact"] = [("contact", record)]
    seats = [seat for way, one in around.get(entity, ()) for seat in state.referring("seat", way, one)]
    return [*contacts, *seats]


def remove(state: State, record: Record) -> None:
    """Move a record to the bin, with its contacts and lines, and clear the references to it."""
    contacts, lines = cascaded(state, record), state.all_inside(record)
    cleared = state.referring("deal", "account", record) if record["entity"] == "account" else []
    record["took"] = [one["name"] for one in contacts]
    record["cleared"] = [one["name"] for one in cleared]
    for line in lines:
        line["deleted"] = True
    for one in [record, *contacts]:
        one["went"] = len(state.events) if one is record else record["went"]
        changed(state, one, "delete", deleted=True)
    for deal in cleared:
        changed(state, deal, "update", account=None)


def restore(state: State, who: Person, operation: Operation) -> str:
    """Out of the recycle bin, for whoever may delete; what it refers to must be there."""
    record = state.records[operation.record]
    if not record["deleted"] or not may_read(state, who, record):
        return UNKNOWN
    if not may(state, who, "delete", record) or not is_revivable(state, record):
        return REFUSED
    revive(state, record)
    return DONE


def is_revivable(state: State, record: Record) -> bool:
    """Whether what a record and those that went with it refer to is there, and no pair is seated twice."""
    coming = [record, *(one for one in took(state, record) if one["deleted"])]
    names = {one["name"] for one in coming}
    for one in coming:
        needed = {"contact": ("account",), "deal": ("parent",), "seat": ("deal", "contact")}
        around = [state.target(one, reference) for reference in needed.get(one["entity"], ())]
        if any(found is not None and found["deleted"] and found["name"] not in names for found in around):
            return False
        if one["entity"] == "seat" and is_seated(state, one["deal"], one["contact"]):
            return False
        if one["entity"] == "deal" and is_taken(state, one):
            return False
    return True


def took(state: State, record: Record) -> list[Record]:
    """What went to the bin with a record."""
    return [state.records[name] for name in record.get("took", ()) if name in state.records]


def is_seated(state: State, deal: str, contact: str) -> bool:
    """Whether a contact has a live seat at a deal."""
    return any(one["deal"] == deal and one["contact"] == contact for one in state.of("seat"))


def revive(state: State, record: Record) -> None:
    """Bring a record back with what went with it, and refill what was cleared."""
    lines = state.all_inside(record)
    account = state.target(record, "account") if record["entity"] == "deal" else None
    emptied = {"account": None} if account is not None and account["deleted"] else {}
    for line in lines:
        line["deleted"] = False
    changed(state, record, "restore", deleted=False, **emptied)
    for name in record.pop("took", []):
        if name in state.records and state.records[name]["deleted"]:
            changed(state, state.records[name], "restore", deleted=False)
    for name in record.pop("cleared", []):
        if name in state.records and state.records[name]["account"] is None:
            changed(state, state.records[name], "update", account=record["name"])
    if "merged" in record:
        merging.take_back(state, record, record.pop("merged"))


def purge(state: State, who: Person, operation: Operation) -> str:
    """Remove a record in the bin for good, with its seats there: nothing else may refer to it, not even from
    the bin.
    """
    record = state.records.get(operation.record)
    if "purge" not in who.capabilities:
        return REFUSED
    if record is None or not record["deleted"] or not may_read(state, who, record):
        return UNKNOWN
    others = [one for one in state.records.values() if one is not record]
    held = any(record["name"] in (one.get("account"), one.get("parent")) for one in others)
    seats = [one for one in others if one["entity"] == "seat"]
    going = [one for one in seats if record["name"] in (one["deal"], one["contact"])]
    if held or not all(may(state, who, "delete", one) for one in [*going, record]):
        return REFUSED
    for one in [*going, record]:
        forget(state, one)
    return DONE


def forget(state: State, record: Record) -> None:
    """Nothing is left of a record, of what lives inside it, and of what led to it."""
    inner = [one for one in state.records.values() if one is not record and state.outermost(one) is record]
    for one in [record, *inner]:
        del state.records[one["name"]]
        state.purged[one["name"]] = one["entity"]
    for deal in state.records.values():
        if record["name"] in deal.get("contacts", ()):
            deal["contacts"] = [name for name in deal["contacts"] if name != record["name"]]
    state.shares = [one for one in state.shares if one.record != record["name"]]
    state.happened("purge", record, deepcopy(record))


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
    state.shares = [one for one in state.shares if key_of(one) != same]
    state.shares.append(Share(*same, verb))
    state.happened("share", record, deepcopy(record))
    return DONE


def key_of(share: Share) -> tuple[str, str, str]:
    """What tells a share from the others."""
    return share.sharer, share.record, share.receiver


def unshare(state: State, who: Person, operation: Operation) -> str:
    """Take back a share of a record: one's own, or, for whoever may share the record, anybody's."""
    record = state.records[operation.record]
    if record["deleted"] or not may_read(state, who, record):
        return UNKNOWN
    found = [one for one in state.shares if key_of(one) == taken_back(operation)]
    if not found:
        return UNKNOWN
    shares = is_shareable(state, record["entity"]) and may_share(state, who, record, "read")
    if found[0].sharer != who.name and not shares:
        return REFUSED
    state.shares = [one for one in state.shares if one not in found]
    state.happened("unshare", record, deepcopy(record))
    return DONE


def taken_back(operation: Operation) -> tuple[str, str, str]:
    """Which share is to be taken back: sharer, record and receiver."""
    return str(operation.values["sharer"]), operation.record, str(operation.values["receiver"])


def expire(state: State, who: Person, operation: Operation) -> str:
    """All shares of a record come to their end, of which nobody is told."""
    state.shares = [one for one in state.shares if one.record != operation.record]
    return DONE


def changed(state: State, record: Record, action: str, **values: Any) -> None:
    """Write values into a record, and remember what happened."""
    before = deepcopy(record)
    record |= values
    record["version"] += 1
    # What lives inside comes and goes by calls that say so, and is told with those.
    state.happened(action, record, before, tells_inside=False)
