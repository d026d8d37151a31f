"""Times that repeat, written as cron writes them: minute, hour, day of the month, month, day of the week.

Each part is `*`, a number, a range `1-5`, either with a step `*/15`, or several of these with commas (the
manual page crontab(5) of cronie). Names of days and months, and shortcuts such as `@daily`, are not taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class _Part(NamedTuple):
    name: str
    least: int
    most: int


_PARTS = (
    _Part("minute", 0, 59),
    _Part("hour", 0, 23),
    _Part("day of the month", 1, 31),
    _Part("month", 1, 12),
    _Part("day of the week", 0, 7),
)
_ITEM = re.compile(r"(?:\*|(?P<first>\d{1,2})(?:-(?P<last>\d{1,2}))?)(?:/(?P<step>\d{1,2}))?")
_DAYS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
"""Month → its last day, for those with fewer than 31."""


def why_not_cron(text: str) -> str | None:
    """What is wrong with a time to repeat, as a sentence; None if nothing is."""
    written = text.split()
    if len(written) != len(_PARTS):
        return f"It has five parts: {', '.join(part.name for part in _PARTS)}."
    for part, words in zip(_PARTS, written, strict=True):
        for item in words.split(","):
            problem = _why_not_item(part, item)
            if problem is not None:
                return problem
    return _why_no_day(written[2], written[3], written[4])


def _why_not_item(part: _Part, item: str) -> str | None:
    found = _ITEM.fullmatch(item)
    if found is None:
        return f"`{item[:20]}` is no {part.name}."
    numbers = [int(found[name]) for name in ("first", "last") if found[name] is not None]
    if any(not part.least <= number <= part.most for number in numbers):
        return f"The {part.name} is from {part.least} to {part.most}, not `{item}`."
    if numbers != sorted(numbers):
        return f"The range `{item}` ends before it begins."
    if found["step"] is not None and (int(found["step"]) == 0 or len(numbers) == 1):
        return f"The step in `{item}` is above 0 and stands behind `*` or a range."
    return None


def _why_no_day(days: str, months: str, weekdays: str) -> str | None:
    """A day that none of the months has never comes; where a day of the week is given too, that one does."""
    if weekdays != "*" or "*" in days or "*" in months:
        return None
    earliest, latest = min(_first_numbers(days)), max(_DAYS.get(month, 31) for month in _months(months))
    return f"No such month has a day {earliest}." if earliest > latest else None


def _first_numbers(words: str) -> Iterator[int]:
    return (int(re.split("[-/]", item)[0]) for item in words.split(","))


def _months(words: str) -> Iterator[int]:
    for item in words.split(","):
        first, _, last = item.partition("/")[0].partition("-")
        yield from range(int(first), int(last or first) + 1)
