"""One change of a table: what separates what is there from what is declared."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from fieldstone.model.model import Field
from fieldstone.publication.changes.statements import Statement

ACTIONS = ("look", "drop", "rename", "names", "convert", "create", "add", "fill", "link", "index")
ORDER = {action: place for place, action in enumerate(ACTIONS)}
"""What is done first: a name is free before it is given again, and a value there before a constraint."""


@dataclass(frozen=True)
class Example:
    """A value that stands in the way. record: its id; title: of the record; value: as text."""

    record: str
    title: str
    value: str

    def __str__(self) -> str:
        return f"“{self.value}” ({self.title or self.record})"


@dataclass(frozen=True)
class Preview:
    """What an expression makes of one record. value: as it was; after: as it will be; None: nothing."""

    record: str
    title: str
    value: str | None
    after: str | None

    def __str__(self) -> str:
        sides = [f"“{text}”" if text is not None else "nothing" for text in (self.value, self.after)]
        return f"{' → '.join(sides)} ({self.title or self.record})"


@dataclass(frozen=True)
class TableChange:
    """One change of a table.

    action: one of `ACTIONS`; "names" are those that stand in rows, "link" stands for constraints. element:
    what people call it (`field account.rating`). unknown: the published model does not know what would be
    dropped, so somebody else made it. destructive: rows lose what cannot be computed again. rows: how many it
    touches; None: those of the table. unsupported: it cannot be done. index: that is made. lost: how many
    values do not convert; examples: the first of them. previews: what an expression makes of the first
    records; empty: how many live ones have no value then. later: what is executed after the publication.
    early: it is done before that, while others go on writing.
    """

    action: str
    element: str
    table: str
    statements: tuple[Statement, ...] = ()
    field: Field | None = None
    column: str | None = None
    unknown: bool = False
    detail: str = ""
    destructive: bool = False
    rows: int | None = None
    index: sa.Index | None = None
    unsupported: bool = False
    lost: int = 0
    examples: tuple[Example, ...] = ()
    previews: tuple[Preview, ...] = ()
    empty: int = 0
    later: tuple[Statement, ...] = ()
    early: bool = False
