"""What the generated pages show somebody who has logged in, where no token narrows anything."""

from __future__ import annotations

from typing import Any

from fieldstone_testing.permissions.rights import may_read
from fieldstone_testing.permissions.views import files, in_readable_order, shown, value, visible
from fieldstone_testing.permissions.worlds import Person, Record, State

UNCOMPARED = {"contacts", "people"}
"""Of these a page shows only some; `named` says which there may be."""
UNTITLED = {"owner": "(no name)", "team": "(no name)", "paper": "A file"}
"""How a page calls what may not be read itself: people, teams and files, by whoever has no role."""


def named(state: State, who: Person) -> set[str]:
    """All that pages may call by name: records that may be read, what is in them, and what was said."""
    found = set()
    for record in state.records.values():
        if may_read(state, who, record):
            found.add(record["name"])
            if record["entity"] == "deal":
                found |= files(state, who, record)
                found |= {said.removeprefix("On ") for said in record["said"]}
    return found


def rows(state: State, who: Person, entity: str) -> dict[str, dict[str, str]]:
    """Name → field → text of each row of a list."""
    return {one["name"]: written(shown(state, who, one)) for one in visible(state, who, entity)}


def sheet(state: State, who: Person, record: Record) -> dict[str, str]:
    """Field → text of the page of a record, of its lines as `line_1.price`; without what is empty."""
    found = written(shown(state, who, record))
    if not who.roles:
        found |= {name: text for name, text in UNTITLED.items() if found.get(name)}
    for line in in_readable_order(state, who, record):
        told = {name: value(state, who, line, name) for name in ("item", "price")}
        found |= {f"{line['name']}.{name}": text for name, text in written(told).items()}
    return {name: text for name, text in found.items() if text}


def written(values: dict[str, Any]) -> dict[str, str]:
    """Values as pages show them."""
    return {name: text(name, found) for name, found in values.items() if name not in UNCOMPARED}


def text(name: str, found: Any) -> str:
    """A value as pages show it: a reference by its title, a choice by its label."""
    if isinstance(found, tuple):
        return found[1] or "(no name)"
    if found is None:
        return ""
    return str(found).capitalize() if name == "stage" else str(found)
