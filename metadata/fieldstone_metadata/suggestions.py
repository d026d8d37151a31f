"""Guessing what somebody meant by a misspelt name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """The known name most like `name`, or None if none comes near (or `name` is absurdly long)."""
    if len(name) > 100:
        return None
    matches = difflib.get_close_matches(name, list(known), 1, cutoff)
    return matches[0] if matches else None


def did_you_mean(name: str, known: Iterable[str], list_up_to: int = 12) -> str | None:
    """A hint for the unknown `name`: the nearest known one, or all of them if there are few."""
    names = sorted(set(known))
    match = nearest(name, names)
    if match is not None:
        return f"did you mean `{match}`?"
    if 0 < len(names) <= list_up_to:
        return "known: " + ", ".join(f"`{known_name}`" for known_name in names)
    return None
