"""Adding and removing entries in block style: whole lines, with the comments that are theirs."""

from __future__ import annotations

from collections.abc import Sequence

from fieldstone_metadata.editing.edit import EditRefused
from fieldstone_metadata.editing.spans import (
    Entry,
    Splice,
    alone_before,
    behind_break,
    is_blank,
    line_start,
    own_end,
    own_start,
)


def inserted(
    text: str, entries: Sequence[Entry], index: int, lines: Sequence[str], newline: str
) -> list[Splice]:
    """`lines`, which are indented already, as a new entry at position `index` among `entries`."""
    gap = newline if _apart(text, entries) else ""
    if index:
        end = own_end(text, entries[index - 1])
        return [Splice(end, end, newline + gap + newline.join(lines))]
    first = entries[0]
    if alone_before(text, first.start):
        start = _begin(text, first)
        return [Splice(start, start, newline.join(lines) + newline + gap)]
    indent = newline + " " * first.column
    return [Splice(first.start, first.start, newline.join(lines).lstrip(" ") + indent)]


def removed(text: str, entries: Sequence[Entry], index: int) -> list[Splice]:
    """The entry at position `index`, which is not the only one, gone with its comments."""
    entry = entries[index]
    if not alone_before(text, entry.start):
        following = entries[index + 1].start
        if "#" in text[entry.end : following]:
            message = "Comments stand behind this entry, which begins in a line with others; change the text."
            raise EditRefused("not_supported", message)
        return [Splice(entry.start, following, "")]
    start, end = _begin(text, entry), own_end(text, entry)
    after = behind_break(text, end)
    if after == len(text) and not text.endswith("\n"):
        return [Splice(_break_before(text, start), end, "")]
    above = line_start(text, start - 1) if start else 0
    last = index + 1 == len(entries)
    if start and is_blank(text, above) and (last or is_blank(text, after)):
        start = above
    return [Splice(start, after, "")]


def _begin(text: str, entry: Entry) -> int:
    """Where an entry begins with its comments; those at the top of a document are about the whole of it."""
    start = own_start(text, entry)
    above = line_start(text, start - 1) if start else 0
    heads_document = entry.column == 0 and (start == 0 or text.startswith("---", above))
    return line_start(text, entry.start) if heads_document else start


def _break_before(text: str, start: int) -> int:
    """Where the break of the line before `start` begins, and those of one empty line above it."""
    end = start - 1
    return end - 1 if text[end - 1 : end] == "\r" else end


def _apart(text: str, entries: Sequence[Entry]) -> bool:
    """Whether an empty line stands between all entries."""
    followed = [is_blank(text, behind_break(text, own_end(text, entry))) for entry in entries[:-1]]
    return len(entries) > 1 and all(followed)
