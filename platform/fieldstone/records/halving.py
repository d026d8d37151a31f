"""Doing what one record of many makes impossible in ever smaller parts, until only it is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from fieldstone.errors import Conflict, FieldstoneError, Unavailable

T = TypeVar("T")
R = TypeVar("R")


def in_parts(
    rows: Sequence[T],
    work: Callable[[Sequence[T]], R],
    refuse: Callable[[Sequence[T], FieldstoneError], R],
    smallest: int = 1,
) -> list[R]:
    """What `work` gives for all rows together, or for parts of them where it raises.

    refuse: what it comes to where no smaller part is possible. A conflict is tried once more as it is:
    whoever was faster has committed by then and is found. Raises `Unavailable` as long as nothing is done;
    once a part is, the rest is refused for that reason.
    """
    try:
        return [_tried_twice(rows, work)]
    except Unavailable:
        raise
    except FieldstoneError as error:
        if len(rows) <= smallest:
            return [refuse(rows, error)]
    middle = len(rows) // 2
    done = in_parts(rows[:middle], work, refuse, smallest)
    try:
        return [*done, *in_parts(rows[middle:], work, refuse, smallest)]
    except Unavailable as error:
        return [*done, refuse(rows[middle:], error)]


def _tried_twice(rows: Sequence[T], work: Callable[[Sequence[T]], R]) -> R:
    try:
        return work(rows)
    except Conflict:
        return work(rows)
