"""What a file may be called: the name that somebody sent, made harmless and readable."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 255
NAMELESS = "file"
_LONGEST_ENDING = 16
_SPACES = re.compile(r"\s+")
_UNWANTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Control and format characters (those that turn the direction of writing hide an ending), and half ones."""


def clean_name(sent: str) -> str:
    """The last part of a path without what cannot be seen, at most 255 characters; never empty."""
    normal = unicodedata.normalize("NFC", sent)
    last = re.split(r"[/\\]", normal)[-1]
    shown = _SPACES.sub(" ", "".join(" " if letter in "\t\r\n" else letter for letter in last))
    kept = "".join(letter for letter in shown if unicodedata.category(letter) not in _UNWANTED)
    return _shortened(kept.strip(" .")) or NAMELESS


def ending_of(name: str) -> str:
    """What follows the last dot, in lower case with the dot; empty if nothing does."""
    _, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and ending and len(ending) < _LONGEST_ENDING else ""


def _shortened(name: str) -> str:
    """At most so many characters, the ending kept."""
    if len(name) <= LONGEST:
        return name
    ending = ending_of(name)
    return name[: LONGEST - len(ending)].rstrip(" .") + ending
