"""Adding and removing entries in brackets, in one line or with an entry in each line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fieldstone_metadata.editing.edit import EditRefused
from fieldstone_metadata.editing.spans import (
    Entry,
    Splice,
    alone_before,
    behind_break,
    comma_behind,
    line_end,
    only_comment,
    own_start,
)

_GAP = re.compile(r",[ \t]*")


def inserted(text: str, entries: Sequence[Entry], index: int, body: str, newline: str) -> list[Splice]:
    """`body` as a new entry at position `index` among `entries`."""
    neighbour = entries[index - 1] if index else entries[0]
    spread = alone_before(text, neighbour.start)
    indent = " " * neighbour.column
    if not index and spread:
        start = own_start(text, neighbour)
        return [Splice(start, start, f"{indent}{body},{newline}")]
    if index and spread:
        return _below(text, neighbour, newline + indent + body)
    if not index or _follows_in_line(text, entries, index):
        start = entries[index].start
        return [Splice(start, start, body + _gap(text, entries))]
    return [Splice(neighbour.end, neighbour.end, _gap(text, entries) + body)]


def removed(text: str, entries: Sequence[Entry], index: int) -> list[Splice]:
    """The entry at position `index`, which is not the only one, gone with its comma."""
    entry = entries[index]
    comma = comma_behind(text, entry.end)
    behind = entry.end if comma is None else comma + 1
    last = index + 1 == len(entries)
    if alone_before(text, entry.start) and only_comment(text, behind):
        lines = [Splice(own_start(text, entry), behind_break(text, behind), "")]
        before = comma_behind(text, entries[index - 1].end) if last and comma is None else None
        return lines if before is None else [*lines, Splice(before, before + 1, "")]
    if last or (index and not _follows_in_line(text, entries, index + 1)):
        start, end = entries[index - 1].end, entry.end
    else:
        start, end = entry.start, entries[index + 1].start
    if "#" in text[entry.end : end] or "#" in text[start : entry.start]:
        raise EditRefused("not_supported", "Comments stand between these entries; change the text instead.")
    return [Splice(start, end, "")]


def _follows_in_line(text: str, entries: Sequence[Entry], index: int) -> bool:
    """Whether there is an entry at `index`, in the line in which the one before it ends."""
    return index < len(entries) and "\n" not in text[entries[index - 1].end : entries[index].start]


def _below(text: str, above: Entry, line: str) -> list[Splice]:
    """`line` below an entry that stands in lines of its own."""
    comma = comma_behind(text, above.end)
    if comma is not None:
        end = line_end(text, comma) if only_comment(text, comma + 1) else comma + 1
        return [Splice(end, end, f"{line},")]
    if not only_comment(text, above.end):
        return [Splice(above.end, above.end, f",{line}")]
    end = line_end(text, above.end)
    if end == above.end:
        return [Splice(end, end, f",{line}")]
    return [Splice(above.end, above.end, ","), Splice(end, end, line)]


def _gap(text: str, entries: Sequence[Entry]) -> str:
    """What stands between entries in one line."""
    if len(entries) > 1:
        between = text[entries[0].end : entries[1].start]
        if _GAP.fullmatch(between):
            return between
    return ", "
