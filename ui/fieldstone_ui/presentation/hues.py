"""Colours of states, choices and people: which of the eight hues stands for what."""

from __future__ import annotations

from zlib import crc32

HUES = ("gray", "blue", "violet", "amber", "green", "red", "teal", "pink")
STEPS = ("gray", "blue", "violet", "amber", "teal", "pink")
PEOPLE = ("blue", "violet", "green", "amber", "pink", "teal")
ALIASES = {
    "grey": "gray",
    "purple": "violet",
    "indigo": "violet",
    "orange": "amber",
    "yellow": "amber",
    "lime": "green",
    "cyan": "teal",
    "azure": "blue",
}


def hue(color: str | None, default: str = "gray") -> str:
    """The hue nearest to a declared colour name; `default` for one we do not know."""
    name = (color or "").lower()
    name = ALIASES.get(name, name)
    return name if name in HUES else default


def step_hue(position: int) -> str:
    """The hue of the n-th open state of a workflow (from 0)."""
    return STEPS[position % len(STEPS)]


def person_hue(key: str) -> str:
    """A steady hue for a person or an organisation."""
    return PEOPLE[crc32(key.encode()) % len(PEOPLE)]


def initials(name: str) -> str:
    """At most two letters that stand for a name: "Ann Keller" → "AK"."""
    words = [word for word in name.replace(".", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()
