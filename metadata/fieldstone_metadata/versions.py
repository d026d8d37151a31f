"""Semantic versions and ranges of them, as `requires` names them.

Source: Semantic Versioning 2.0.0 (precedence, section 11); `^` and `~` as npm documents them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_VERSION = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_CLAUSE = re.compile(r"(>=|<=|>|<|=|\^|~)?\s*([0-9][0-9A-Za-z.+-]*)")

Key = tuple[int, int, int, tuple[tuple[int, int, str], ...]]
_RELEASE: tuple[tuple[int, int, str], ...] = ((2, 0, ""),)


@dataclass(frozen=True)
class Version:
    """A version, perhaps with parts left out (`1.2`). `given` counts the numbers that were written."""

    numbers: tuple[int, int, int]
    before_release: str
    given: int

    @property
    def key(self) -> Key:
        """What orders versions: a pre-release comes before its release."""
        return (*self.numbers, _pre_release_key(self.before_release) if self.before_release else _RELEASE)

    def next(self, position: int) -> Key:
        """The first version with the number at `position` raised by one, pre-releases included."""
        numbers = [*self.numbers[:position], self.numbers[position] + 1, 0, 0][:3]
        return (numbers[0], numbers[1], numbers[2], ())


def _pre_release_key(text: str) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in text.split("."))


def parse_version(text: str) -> Version:
    """The version in `text`. Raises ValueError if it is none."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is not a version")
    parts = [part for part in match.groups()[:3] if part is not None]
    padded = [int(part) for part in parts] + [0, 0]
    return Version((padded[0], padded[1], padded[2]), match.group(4) or "", len(parts))


def satisfies(version: str, wanted: str) -> bool:
    """Whether `version` lies in the range `wanted`: clauses such as `>=1.2 <2`,
    `^1.2`, `~1.2.3`, `1.2` or `*`.

    A clause without a sign names a release line: `1.2` takes every `1.2.x`. Raises ValueError
    for what is no range.
    """
    if wanted.strip() == "*":
        return True
    clauses = _CLAUSE.findall(wanted)
    if not clauses:
        raise ValueError(f"`{wanted}` is not a range of versions")
    key = parse_version(version).key
    return all(_CLAUSES[sign or "="](key, parse_version(bound)) for sign, bound in clauses)


def _in_line(key: Key, bound: Version) -> bool:
    return bound.key == key if bound.given == 3 else bound.key <= key < bound.next(bound.given - 1)


def _compatible(key: Key, bound: Version) -> bool:
    """`^`: nothing left of the first number that is not zero may change."""
    significant = next((position for position, number in enumerate(bound.numbers) if number), bound.given - 1)
    return bound.key <= key < bound.next(significant)


def _close(key: Key, bound: Version) -> bool:
    """`~`: only the last number, or what was not written, may change."""
    return bound.key <= key < bound.next(min(bound.given - 1, 1))


_CLAUSES: Mapping[str, Callable[[Key, Version], bool]] = {
    ">=": lambda key, bound: key >= bound.key,
    "<=": lambda key, bound: key <= bound.key,
    ">": lambda key, bound: key > bound.key,
    "<": lambda key, bound: key < bound.key,
    "=": _in_line,
    "^": _compatible,
    "~": _close,
}
