"""Joining texts without growing beyond what a computed text may have."""

from __future__ import annotations

from collections.abc import Sequence

from fieldstone_rules import limits
from fieldstone_rules.durations import OutOfRange


def joined(parts: Sequence[str], separator: str = "") -> str:
    """The parts with the separator between them. Raises OutOfRange instead of making too long a text."""
    require_length(sum(map(len, parts)) + len(separator) * (len(parts) - 1))
    return separator.join(parts)


def require_length(length: int) -> None:
    """Raises OutOfRange for a text that would be too long."""
    if length > limits.current.text_length:
        raise OutOfRange
