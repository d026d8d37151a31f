"""The lines of a file as they come: those that are there together, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

Line = bytes | None
"""A line; None in place of one that is too long."""

_CHUNK = 64 * 1024


def batches(file: BinaryIO, longest: int, most: int) -> Iterator[list[Line]]:
    """The lines of a file, at most so many at once, without waiting for lines that are not there yet.

    A line longer than `longest` bytes is never held in memory.
    """
    rest, skipping = b"", False
    while chunk := _some(file):
        *complete, rest = (rest + chunk).split(b"\n")
        lines: list[Line] = [_kept(line, longest) for line in complete]
        if skipping and lines:
            lines, skipping = lines[1:], False
        if skipping or len(rest) > longest:
            lines += [] if skipping else [None]
            rest, skipping = b"", True
        yield from (lines[start : start + most] for start in range(0, len(lines), most))
    if rest:
        yield [rest]


def _some(file: BinaryIO) -> bytes:
    """What is there, or what comes next; nothing at the end."""
    read = getattr(file, "read1", file.read)
    found: bytes = read(_CHUNK)
    return found


def _kept(line: bytes, longest: int) -> Line:
    return line if len(line) <= longest else None
