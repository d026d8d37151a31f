"""What somebody sees: the specification of every endpoint that reads, in plain Python over the world.

Each function gives what an answer says of records, which are called by their names. What may not be read is
None: nothing tells whether there is a value. A reference is a pair: what it names, and the title if the
record there may be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from fieldstone_testing.permissions import lines_told, seats_told
from fieldstone_testing.permissions.documents import (
    AROUND,
    FIELDS,
    INSIDE,
    INVERSES,
    SEARCHED,
    STAGES,
    TRANSITIONS,
)
from fieldstone_testing.permissions.rights import (
    denied,
    may,
    may_field,
    may_read,
    sharer_may,
    token_leaves,
)
from fieldstone_testing.permissions.surface import possible
from fieldstone_testing.permissions.worlds import Event, Person, Record, Share, State, references

Shown = dict[str, Any]


def visible(state: State, who: Person, entity: str) -> list[Record]:
    """The live records that somebody may read, the oldest first."""
    return [one for one in state.of(entity) if may_read(state, who, one)]


def in_bin(state: State, who: Person, entity: str) -> list[Record]:
    """The recycle bin of somebody, which takes the right to delete as well."""
    found = state.of(entity, deleted=True)
    return [one for one in found if may_read(state, who, one) and may(state, who, "delete", one)]


def shown(state: State, who: Person, record: Record) -> Shown:
    """Field → value, as somebody who may read the record sees it."""
    found = {name: value(state, who, record, name) for name in FIELDS[record["entity"]]}
    return found if record["entity"] in AROUND else found | {"owner": record["owner"], "team": record["team"]}


def value(state: State, who: Person, record: Record, name: str) -> Any:
    """A field of a record, None where it is hidden."""
    if not may_field(state, who, "read", record, name):
        return None
    if name == "contacts":
        return sorted(one["name"] for one in state.linked(record) if may_read(state, who, one))
    if name == "people":
        return people(state, who, record)
    if name == "double":
        return None if record["amount"] is None else record["amount"] * 2
    if name in references(record["entity"]) and record[name] is not None:
        return record[name], title(state, who, record[name])
    return record[name]


def people(state: State, who: Person, deal: Record) -> list[str]:
    """The contacts that may be read by way of seats that may be read, with both of what they lead to."""
    seats = [one for one in state.seats("deal", deal) if may_read(state, who, one)]
    open_ = [
        one
        for one in seats
        if all(may_field(state, who, "read", one, reference) for reference in ("deal", "contact"))
    ]
    taken = {one["contact"] for one in open_}
    return sorted(
        one["name"] for one in state.of("contact") if one["name"] in taken and may_read(state, who, one)
    )


def title(state: State, who: Person, name: str) -> str | None:
    """The title of a record, None where it may not be read."""
    record = state.records.get(name)
    return name if record is not None and may_read(state, who, record) else None


def whole(state: State, who: Person, record: Record) -> Shown:
    """One record with what lives inside it."""
    return shown(state, who, record) | lines(state, who, record)


def lines(state: State, who: Person, record: Record) -> Shown:
    """What lives inside a record, with what lives inside that in turn."""
    if record["entity"] not in INSIDE:
        return {}
    _, name = INSIDE[record["entity"]]
    return {name: [line(state, who, one) for one in in_readable_order(state, who, record)]}


def line(state: State, who: Person, record: Record) -> Shown:
    """A record inside another one."""
    return {name: value(state, who, record, name) for name in ("item", "price")} | lines(state, who, record)


def in_readable_order(state: State, who: Person, record: Record) -> list[Record]:
    """What lives in a record by the prices that somebody may read."""
    found = [one for one in state.records.values() if one in state.inside(record)]
    prices = {one["name"]: value(state, who, one, "price") for one in found}
    return sorted(found, key=lambda one: (prices[one["name"]] is None, prices[one["name"]] or 0))


def path(state: State, who: Person, record: Record, text: str) -> Any:
    """A field behind references: None where one of them, the record there, or the field is hidden."""
    first, *rest = text.split(".")
    if not rest:
        return value(state, who, record, first)
    target = state.target(record, first) if value(state, who, record, first) is not None else None
    if target is None or not may_read(state, who, target):
        return None
    return path(state, who, target, ".".join(rest))


# -- what callers ask for


def where(state: State, who: Person, entity: str, holds: Callable[[Record], bool]) -> list[str]:
    """The names of the records that somebody may read and a condition picks."""
    return [one["name"] for one in visible(state, who, entity) if holds(one)]


def equal_to(state: State, who: Person, entity: str, text: str, wanted: Any) -> list[str]:
    """`where=text == wanted`: what is hidden is null and equals nothing else."""

    def holds(record: Record) -> bool:
        found = path(state, who, record, text)
        return (found[0] if isinstance(found, tuple) else found) == wanted

    return where(state, who, entity, holds)


def ordered(state: State, who: Person, entity: str, keys: Sequence[str]) -> list[str]:
    """`order=keys`: what is hidden comes last, like what is empty, and cannot be told from it."""
    found = visible(state, who, entity)
    if keys[-1].startswith("-"):
        found.reverse()  # ties go by id, in the direction of the last key
    for key in reversed(keys):
        text, descending = key.removeprefix("-"), key.startswith("-")
        found = by_key(found, lambda one, text=text: sortable(path(state, who, one, text)), descending)
    return [one["name"] for one in found]


def by_key(found: list[Record], key: Callable[[Record], Any], descending: bool) -> list[Record]:
    """Sorted, those without a value last, ties in the order they were."""
    known = sorted((one for one in found if key(one) is not None), key=key, reverse=descending)
    return known + [one for one in found if key(one) is None]


def sortable(found: Any) -> Any:
    """What a value is sorted by: a reference by its title, a choice by the order of its options."""
    found = found[1] if isinstance(found, tuple) else found
    return STAGES.index(found) if found in STAGES else found


def groups(state: State, who: Person, entity: str, name: str) -> dict[Any, int]:
    """How many records there are of each value; what is hidden counts as no value."""
    found = [path(state, who, one, name) for one in visible(state, who, entity)]
    return dict(Counter(one[0] if isinstance(one, tuple) else one for one in found))


def measures(state: State, who: Person, entity: str, name: str) -> dict[str, Any]:
    """Sum, smallest and largest of what may be read."""
    found = [path(state, who, one, name) for one in visible(state, who, entity)]
    known = [one for one in found if one is not None]
    return {"sum": sum(known), "min": min(known, default=None), "max": max(known, default=None)}


def matching(state: State, who: Person, entity: str, word: str) -> set[str]:
    """The records in whose readable text a word occurs."""
    found = set()
    for one in visible(state, who, entity):
        texts = [path(state, who, one, text) for text in SEARCHED[entity]]
        if any(word in text for text in texts if text is not None):
            found.add(one["name"])
    return found


def related(state: State, who: Person, record: Record, inverse: str) -> set[str]:
    """A collection of a record: the records that may be read and whose reference may be read in them."""
    entity, name = INVERSES[record["entity"]][inverse]
    return set(where(state, who, entity, lambda one: names(path(state, who, one, name), record["name"])))


def names(found: Any, wanted: str) -> bool:
    """Whether a reference, or a list of them, names a record."""
    return wanted in found if isinstance(found, list) else found is not None and found[0] == wanted


def branch(state: State, who: Person, record: Record, *, up: bool) -> set[str]:
    """All deals above or below one: the way leads through what may be read only."""
    found: set[str] = set()
    steps = [record]
    while steps:
        here = steps.pop()
        parent = path(state, who, here, "parent") if may_read(state, who, here) else None
        above = {parent[0]} if parent is not None and parent[1] is not None else set()
        reached = above if up else related(state, who, here, "children")
        steps += [state.records[name] for name in reached - found]
        found |= reached
    return found


# -- what belongs to a record


def changes(state: State, who: Person, record: Record) -> list[dict[str, Any]]:
    """The history of a record, the oldest first: of what may be read in it now, before and after.

    What became of links in a call stands with what it did to the record last, or by itself.
    """
    found = own_changes(state, who, record)
    for call, links in seats_told.told(state, who, record).items():
        own = [entry for of, entry in found if of == call]
        if own:
            own[-1].update(links)
        else:
            found.append((call, links))
    return [dict(sorted(entry.items())) for _, entry in sorted(found, key=itemgetter(0))]


def own_changes(state: State, who: Person, record: Record) -> list[tuple[int, dict[str, Any]]]:
    """What calls did to the record itself."""
    found = []
    for event in state.events:
        if event.record == record["name"]:
            before, after = (kept(state, who, record, one or {}) for one in (event.before, event.after))
            changed = [name for name in after if before[name] != after[name]]
            seen = [name for name in changed if may_field(state, who, "read", record, name)]
            entry = {name: [before[name], after[name]] for name in sorted(seen)}
            inside = lines_told.told(state, event)
            found.append((event.call, entry | ({"lines": inside} if inside else {})))
    return found


def kept(state: State, who: Person, record: Record, values: Record) -> Shown:
    """The fields of a record as the history keeps them, with those linked records that somebody may read."""
    names = (*(name for name in FIELDS[record["entity"]] if name != "people"), "owner", "team")
    return {name: plain(state, who, values.get(name)) for name in names if name in {*record, *values}}


def plain(state: State, who: Person, found: Any) -> Any:
    """A value as the history keeps it; of a linked record that was purged, nothing tells who may read it."""
    if not isinstance(found, list):
        return found
    there = ((name, state.records.get(name)) for name in found)
    return [name for name, one in there if one is None or may_read(state, who, one)] or None


def files(state: State, who: Person, deal: Record) -> set[str]:
    """The files of a deal: those attached to it, and the one in its field, if that may be read."""
    held = [deal["paper"]] if value(state, who, deal, "paper") is not None else []
    return {*deal["files"], *held} if file_readable(who) else set()


def file_readable(who: Person) -> bool:
    """Whether files exist for somebody at all: for everybody with a role, if their token reads."""
    return bool(who.roles) and (who.limits.verbs is None or "read" in who.limits.verbs)


def shares(state: State, record: Record) -> list[tuple[str, str, str, bool]]:
    """With whom a record is shared, for what, by whom, and whether the sharer may still do as much."""
    found = [one for one in state.shares if one.record == record["name"]]
    return sorted(
        (one.receiver, one.verb, one.sharer, sharer_may(state, one, one.verb, record, None)) for one in found
    )


def transitions(state: State, who: Person, deal: Record) -> set[str]:
    """The transitions that somebody may take now."""
    return {name for name in TRANSITIONS if may_take(state, who, deal, name)}


def may_take(state: State, who: Person, deal: Record, name: str) -> bool:
    """Whether somebody may take a transition: by its role, else by the right to update; never if denied."""
    sources, _, role = TRANSITIONS[name]
    if deal["stage"] not in sources:
        return False
    if role is None:
        return may(state, who, "update", deal)
    by_role = role in who.roles and token_leaves(who, "update", "deal")
    return by_role and not denied(state, who, "update", deal)


# -- the feed


def feed(state: State, who: Person, entities: Iterable[str]) -> list[tuple[str, str]]:
    """What the feed tells: changes of what may be read now, and `gone` where one took it out of sight."""
    found = []
    for event in state.events:
        record = state.records.get(event.record)
        if record is None:
            found += of_purged(state, who, event)
        elif record["entity"] in entities:
            if not record["deleted"] and may_read(state, who, record):
                found.append((event.record, event.action))
            elif went(state, who, event):
                found.append((event.record, "gone"))
    return found


def of_purged(state: State, who: Person, event: Event) -> list[tuple[str, str]]:
    """The end of what was purged is told to whoever may read such records: nothing is left to judge by."""
    ends = event.action in {"delete", "purge"} and possible(state, who, "read", state.purged[event.record])
    return [(event.record, "gone")] if ends else []


def went(state: State, who: Person, event: Event) -> bool:
    """Whether a change took a record out of sight."""
    before = is_seen(state, who, event.before, event.shared_before)
    return before and not is_seen(state, who, event.after, event.shared_after)


def is_seen(state: State, who: Person, record: Record | None, shares: Sequence[Share]) -> bool:
    """Whether a record as it was could be seen with the rights of now and the shares of then."""
    then = replace(state, shares=list(shares))
    return record is not None and not record["deleted"] and may_read(then, who, record)
