"""What somebody may have meant: the nearest known names to an unknown one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST_NAME = 100


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint with the nearest of `known`, or None when nothing is near (or the name is absurdly long)."""
    if len(name) > _LONGEST_NAME:
        return None
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else None
