"""What one call did to records, step by step, as far as it can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldstone_testing.permissions.documents import AROUND, FIELDS
from fieldstone_testing.permissions.worlds import Record, State, Step


def steps(state: State, before: Mapping[str, Record]) -> list[Step]:
    """What a call did to records, the last first: it writes new and changed seats after their deal."""
    found = [
        Step(name, how(before.get(name), after), values_before(before.get(name), after), after["version"])
        for name, after in state.records.items()
        if after["entity"] not in AROUND
        and (name not in before or before[name]["version"] != after["version"])
    ]
    return sorted(found, key=lambda one: (one.how == "restore", not one.record.startswith("seat")))


def how(before: Record | None, after: Record) -> str:
    """What undoes a change of a record."""
    return "remove" if before is None else "restore" if after["deleted"] else "change"


def values_before(before: Record | None, after: Record) -> dict[str, Any]:
    """The values that a change took from a record."""
    names = [name for name in (*FIELDS[after["entity"]], "owner", "team") if name in after]
    return {} if before is None else {name: before[name] for name in names if before[name] != after[name]}
