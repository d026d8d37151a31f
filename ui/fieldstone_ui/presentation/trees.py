"""Records that stand below each other, as the rows of a tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DEEPEST_SHOWN = 12
"""Deeper rows are not moved in further, so that there is room for their names."""


@dataclass(frozen=True)
class TreeRow:
    """A record of the tree. level: 1 at the top. below: how many stand directly below it. open: whether they
    follow.
    """

    record: Mapping[str, Any]
    level: int
    below: int = 0
    open: bool = False

    @property
    def steps(self) -> range:
        """One for each step that it is moved in."""
        return range(min(self.level, DEEPEST_SHOWN) - 1)


def rows_of(
    top: Sequence[Mapping[str, Any]],
    found: Mapping[str, Sequence[Mapping[str, Any]]],
    counts: Mapping[str, int],
    level: int = 1,
) -> Iterator[TreeRow]:
    """The rows of a tree in the order in which they are shown.

    found: id → the records directly below it, for those that are open. counts: id → how many those are.
    """
    for record in top:
        below = found.get(record["id"], ())
        yield TreeRow(record, level, counts.get(record["id"], 0), open=bool(below))
        yield from rows_of(below, found, counts, level + 1)
