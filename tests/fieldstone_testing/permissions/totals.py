"""What pivots tell: groups down and across with the totals of both, of what may be read only."""

from __future__ import annotations

from typing import Any

from fieldstone_testing.permissions.views import path, visible
from fieldstone_testing.permissions.worlds import Person, Record, State

Cell = tuple[int, int]
"""How many records, and the sum of what is summed."""


def pivot(
    state: State, who: Person, row: str, column: str, of: str
) -> dict[str, Any]:  # the words of the question
    """Cells, totals of rows, totals of columns and of all deals, by the values of two paths."""
    found = visible(state, who, "deal")
    grouped = [(key(state, who, one, row), key(state, who, one, column), one) for one in found]
    told: dict[str, Any] = {"cells": {}, "rows": {}, "columns": {}}
    for down, across, one in grouped:
        for part, place in (("cells", (down, across)), ("rows", down), ("columns", across)):
            told[part][place] = added(told[part].get(place, (0, 0)), path(state, who, one, of))
    total: Cell = (0, 0)
    for one in found:
        total = added(total, path(state, who, one, of))
    return told | {"total": total}


def added(cell: Cell, value: int | None) -> Cell:
    """A cell with one more record."""
    return cell[0] + 1, cell[1] + (value or 0)


def key(state: State, who: Person, record: Record, text: str) -> Any:
    """What a record is grouped by: of a reference, what it names."""
    found = path(state, who, record, text)
    return found[0] if isinstance(found, tuple) else found
