"""Two people's changes of one text, brought together line by line."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

Edit = tuple[int, int, Sequence[str]]
"""The lines from a first to before a last one of the base, and what stands there instead."""


def merged(base: str, mine: str, theirs: str) -> str | None:
    """`base` with the changes of both; None where both changed the same lines, or lines side by side,
    differently.
    """
    if mine in (theirs, base):
        return theirs
    if theirs == base:
        return mine
    lines = base.splitlines(keepends=True)
    edits = _edits(lines, mine.splitlines(keepends=True))
    others = [edit for edit in _edits(lines, theirs.splitlines(keepends=True)) if edit not in edits]
    if any(_touch(edit, other) for edit in edits for other in others):
        return None
    for first, last, instead in sorted((*edits, *others), key=lambda edit: edit[:2], reverse=True):
        lines[first:last] = instead
    return "".join(lines)


def _edits(base: list[str], changed: list[str]) -> list[Edit]:
    matcher = SequenceMatcher(None, base, changed, autojunk=False)
    return [(i, j, tuple(changed[k:m])) for tag, i, j, k, m in matcher.get_opcodes() if tag != "equal"]


def _touch(one: Edit, other: Edit) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
