"""What a step of a plan keeps others from: which lock on which table, over how many rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.schema import AddConstraint, DropIndex

from fieldstone.publication.alone.in_use import ACCESS_EXCLUSIVE, Needed
from fieldstone.publication.changes.removals import Removal
from fieldstone.publication.changes.renamed_tables import TableMove
from fieldstone.publication.changes.statements import Statement
from fieldstone.publication.changes.table_change import TableChange

MOMENT, READS, REWRITES = "moment", "reads", "rewrites"
_WORKS = (MOMENT, READS, REWRITES)
IN_BACKGROUND = "SHARE UPDATE EXCLUSIVE"
"""The lock of what is built after the publication: writers go on, only other changes of the table wait."""
_MODES = (
    "ACCESS SHARE", IN_BACKGROUND, "ROW EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", ACCESS_EXCLUSIVE,
)  # fmt: skip  # in their order
_OF = {
    "look": ("ACCESS SHARE", READS),
    "drop": (ACCESS_EXCLUSIVE, MOMENT),
    "rename": (ACCESS_EXCLUSIVE, MOMENT),
    "names": ("ROW EXCLUSIVE", REWRITES),
    "convert": (ACCESS_EXCLUSIVE, REWRITES),
    "add": (ACCESS_EXCLUSIVE, MOMENT),
    "fill": ("ROW EXCLUSIVE", REWRITES),
    "link": ("SHARE ROW EXCLUSIVE", READS),
    "index": ("SHARE", READS),
}
"""Action → what PostgreSQL locks a table with, and what it does with the rows."""


@dataclass(frozen=True)
class Lock:
    """A lock on a table, kept until the publication ends.

    mode: as PostgreSQL calls it; under ACCESS EXCLUSIVE nobody reads, under SHARE and SHARE ROW EXCLUSIVE
    nobody writes; ACCESS SHARE is what every reader takes. work: "moment", or what is done to the rows
    meanwhile: "reads" or "rewrites" them.
    """

    table: str
    mode: str
    work: str
    rows: int

    def __str__(self) -> str:
        if self.mode == IN_BACKGROUND:
            return f"reads {self.rows:,} rows of {self.table}, and nobody waits ({self.mode})"
        if self.work == MOMENT or not self.rows:
            return f"locks {self.table} for a moment ({self.mode})"
        return f"locks {self.table} while it {self.work} {self.rows:,} rows ({self.mode})"


def needed_tables(
    schema: str, changes: Sequence[TableChange], moves: Sequence[TableMove], removals: Sequence[Removal]
) -> tuple[Needed, ...]:
    """The tables that nobody may read while `changes` are made, by their present names."""
    before = {move.after: move.before for move in moves}
    made = {change.table for change in changes if change.action == "create"}
    working = [change for change in changes if change.statements and change.table not in made]
    names = {
        before.get(change.table, change.table) for change in working if _lock(change)[0] == ACCESS_EXCLUSIVE
    }
    names |= {name for removal in removals for name in _referred(removal)}
    return tuple(Needed(schema, name, ACCESS_EXCLUSIVE) for name in sorted(names))


def _referred(removal: Removal) -> Iterator[str]:
    """A foreign key that goes has triggers at the table to which it leads."""
    for column in removal.columns or removal.table.columns:
        yield from (key.target_fullname.split(".")[1] for key in column.foreign_keys)


def _keeps_readers_out(statement: Statement) -> bool:
    """What `link` and `index` do beside foreign keys and new indexes: they drop, and add other conditions."""
    if isinstance(statement, AddConstraint):
        return isinstance(statement.element, sa.CheckConstraint)
    return isinstance(statement, DropIndex | sa.TextClause)


def lock_of(changes: Sequence[TableChange], rows: int) -> Lock | None:
    """The strongest lock of what happens to a table of `rows` rows; None where nobody can be there yet."""
    working = [change for change in changes if change.statements or change.later]
    if not working or any(change.action == "create" for change in working):
        return None
    found = [_lock(change) for change in working]
    mode = max((mode for mode, _ in found), key=_MODES.index)
    work = max((work for _, work in found), key=_WORKS.index)
    return Lock(working[0].table, mode, work, rows)


def _lock(change: TableChange) -> tuple[str, str]:
    """A plain default of a new field is written into all records; what goes is copied into the archive."""
    if change.early or not change.statements:
        return IN_BACKGROUND, READS
    mode, work = _OF[change.action]
    if change.action in {"link", "index"} and any(map(_keeps_readers_out, change.statements)):
        mode = ACCESS_EXCLUSIVE
    default = change.field.declaration.default if change.field is not None else None
    filled = change.action == "add" and default is not None and default.expression is None
    copied = change.action == "drop" and change.destructive
    return mode, REWRITES if filled else READS if copied else MOMENT if change.later else work
