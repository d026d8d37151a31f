"""Rows that refer to rows further down: kept on disk until what they wait for is there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from fieldstone.transfer.binding import BoundFeed
from fieldstone.transfer.csv_file import Row

IN_MEMORY = 4_000_000
"""Bytes; more than that goes to a temporary file."""


@dataclass(frozen=True)
class WaitingRow:
    """A row with the texts it waits for, and the texts under which others may wait for it."""

    row: Row
    wants: frozenset[str]
    brings: frozenset[str]


class WaitingRows:
    """A pile of waiting rows: filled once, then taken once."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115  # lives as long as the pile; `take` closes it
            IN_MEMORY, mode="w+", encoding="utf-8"
        )
        self._brought: set[int] = set()
        self.count = 0

    def add(self, waiting: WaitingRow) -> None:
        """Put a row on the pile."""
        row = waiting.row
        record = [row.line, row.cells, sorted(waiting.wants), sorted(waiting.brings)]
        self._file.write(json.dumps(record) + "\n")
        self._brought.update(map(hash, waiting.brings))
        self.count += 1

    def take(self) -> Iterator[WaitingRow]:
        """All rows in the order they came; the pile is gone afterwards."""
        try:
            self._file.seek(0)
            for text in self._file:
                line, cells, wants, brings = json.loads(text)
                yield WaitingRow(Row(line, tuple(cells)), frozenset(wants), frozenset(brings))
        finally:
            self.close()

    def close(self) -> None:
        """Remove the pile."""
        self._file.close()

    def brings(self, waiting: WaitingRow) -> bool:
        """Whether everything that `waiting` wants is brought by rows of this pile."""
        return all(hash(text) in self._brought for text in waiting.wants)


def comparable(feed: BoundFeed, text: str) -> str:
    """A text as waiting rows compare it, without what the lookup of `feed` ignores."""
    lookup = feed.declared.lookup
    if lookup is not None and lookup.ignore_spaces:
        text = "".join(text.split())
    return text.casefold() if lookup is not None and lookup.ignore_case else text
