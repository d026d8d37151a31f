"""Date patterns as people write them (`dd-mm-yyyy`, `dd.mm.yyyy hh:mm`), turned into those of `strptime`."""

from __future__ import annotations

import re

_DIRECTIVES = {
    "yyyy": "%Y",
    "yy": "%y",
    "mmmm": "%B",
    "mmm": "%b",
    "dd": "%d",
    "d": "%d",
    "hh": "%H",
    "h": "%H",
}
_MINUTES, _MONTH, _SECONDS = "%M", "%m", "%S"
_WORDS = re.compile(r"([a-z])\1*|[^a-z]+")


class PatternError(ValueError):
    """A date pattern with a word that means nothing; the text says which."""


def strptime_format(pattern: str) -> str:
    """`dd-mm-yyyy` → `%d-%m-%Y`. After `hh`, `mm` is minutes. A single letter `t` stands for itself.

    Raises `PatternError` for words that are no part of a date, or that stand in it twice.
    """
    parts: list[str] = []
    for found in _WORDS.finditer(pattern.lower()):
        word = found[0]
        directive = _directive(word, after_hours="%H" in parts)
        if word[0].isalpha() and directive in parts:
            raise PatternError(f"`{word}` stands in `{pattern}` twice")
        parts.append(directive)
    return "".join(parts)


def _directive(word: str, *, after_hours: bool) -> str:
    if not word[0].isalpha():
        return word.replace("%", "%%")
    if word in {"mm", "m"}:
        return _MINUTES if after_hours else _MONTH
    if word in {"ss", "s"}:
        return _SECONDS
    if word == "t":
        return "T"
    if word not in _DIRECTIVES:
        raise PatternError(f"`{word}` is no part of a date; use yyyy, yy, mm, dd, hh, mm and ss")
    return _DIRECTIVES[word]
