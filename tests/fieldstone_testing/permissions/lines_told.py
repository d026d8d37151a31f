"""What the history of a deal tells of the lines and parts inside it: who came, who went and what changed.

A price is told where no role ever narrows it. Where some role narrows prices, the history may tell
less of them than the record shows, and never more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fieldstone_testing.permissions.documents import AROUND
from fieldstone_testing.permissions.rights import may_field, narrowing_of
from fieldstone_testing.permissions.worlds import Event, Inside, Person, State

Told = tuple[str, str, dict[str, Any]]
"""`before` or `after`, the line or part, and its fields."""


def told(state: State, event: Event) -> list[Told]:
    """What an event of a deal tells of what is inside it, but for prices that some role narrows."""
    return ordered(without(list(difference(event.inside_before, event.inside_after)), narrowed(state)))


def difference(before: Inside, after: Inside) -> Iterator[Told]:
    """What was removed as it was, what was added as it is, and of the others what is different.

    What was inside something that was removed goes without saying.
    """
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old is not None and new is None:
            yield "before", name, known(old.values)
        elif old is None and new is not None:
            yield "after", name, known(new.values)
            yield from difference({}, new.inside)
        elif old is not None and new is not None and old != new:
            changed = [field for field in old.values if old.values[field] != new.values[field]]
            yield "before", name, {field: old.values[field] for field in changed}
            yield "after", name, {field: new.values[field] for field in changed}
            yield from difference(old.inside, new.inside)


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with a value."""
    return {name: value for name, value in values.items() if value is not None}


def narrowed(state: State) -> set[str]:
    """The entities whose prices some role does not let everybody read or set."""
    found = ((one, narrowing_of(role, one, "price")) for one in AROUND for role in state.world.roles)
    return {one for one, narrowing in found if narrowing.read or narrowing.update}


def without(found: list[Told], entities: set[str]) -> list[Told]:
    """The same without the prices of some entities."""
    return [
        (
            side,
            name,
            {key: value for key, value in fields.items() if key != "price" or kind(name) not in entities},
        )
        for side, name, fields in found
    ]


def ordered(found: list[Told]) -> list[Told]:
    """The same in an order of their own."""
    return sorted(found, key=lambda one: one[:2])


def kind(name: str) -> str:
    """The entity of what is called so."""
    return name.partition("_")[0]


def priced(state: State, who: Person) -> set[str]:
    """The lines and parts, gone or taken along by a merge, whose prices somebody may read where they are."""
    inner = (one for one in state.records.values() if one["entity"] in AROUND)
    return {one["name"] for one in inner if may_field(state, who, "read", one, "price")}
