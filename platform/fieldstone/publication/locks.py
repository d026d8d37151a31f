"""What a step of a plan keeps others from: which lock on which table, over how many rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fieldstone.publication.table_change import TableChange

MOMENT, READS, REWRITES = "moment", "reads", "rewrites"
_WORKS = (MOMENT, READS, REWRITES)
_MODES = ("ROW EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE")
_OF = {
    "drop": ("ACCESS EXCLUSIVE", MOMENT),
    "rename": ("ACCESS EXCLUSIVE", MOMENT),
    "names": ("ROW EXCLUSIVE", REWRITES),
    "convert": ("ACCESS EXCLUSIVE", REWRITES),
    "add": ("ACCESS EXCLUSIVE", MOMENT),
    "fill": ("ROW EXCLUSIVE", REWRITES),
    "link": ("SHARE ROW EXCLUSIVE", READS),
    "index": ("SHARE", READS),
}
"""Action → what PostgreSQL locks a table with, and what it does with the rows."""


@dataclass(frozen=True)
class Lock:
    """A lock on a table, kept until the publication ends.

    mode: as PostgreSQL calls it; under ACCESS EXCLUSIVE nobody reads, under SHARE and SHARE ROW EXCLUSIVE
    nobody writes. work: "moment", or what is done to the rows meanwhile: "reads" or "rewrites" them.
    """

    table: str
    mode: str
    work: str
    rows: int

    def __str__(self) -> str:
        if self.work == MOMENT or not self.rows:
            return f"locks {self.table} for a moment ({self.mode})"
        return f"locks {self.table} while it {self.work} {self.rows:,} rows ({self.mode})"


def lock_of(changes: Sequence[TableChange], rows: int) -> Lock | None:
    """The strongest lock of what happens to a table of `rows` rows; None where nobody can be there yet."""
    working = [change for change in changes if change.statements]
    if not working or any(change.action == "create" for change in working):
        return None
    found = [_lock(change) for change in working]
    mode = max((mode for mode, _ in found), key=_MODES.index)
    work = max((work for _, work in found), key=_WORKS.index)
    return Lock(working[0].table, mode, work, rows)


def _lock(change: TableChange) -> tuple[str, str]:
    """A plain default of a new field is written into all records; what goes is copied into the archive."""
    mode, work = _OF[change.action]
    default = change.field.declaration.default if change.field is not None else None
    filled = change.action == "add" and default is not None and default.expression is None
    copied = change.action == "drop" and change.destructive
    return mode, REWRITES if filled else READS if copied else work
