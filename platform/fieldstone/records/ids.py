"""New identities: UUIDs of version 7 (RFC 9562, section 5.7), known before the records are written."""

from __future__ import annotations

import secrets
import threading
import time
from uuid import UUID

_STEP_NANOSECONDS = 1_000_000 // 4096
_RANDOM_BITS = 62
_VERSION = 7 << 76
_VARIANT = 0b10 << 62


class _Clock:
    """Counts in 4096ths of a millisecond, never twice the same: ids of a process sort as they were made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def take(self, count: int) -> int:
        """The first of `count` ticks that nobody else gets."""
        now, rest = divmod(time.time_ns(), 1_000_000)
        tick = now * 4096 + rest // _STEP_NANOSECONDS % 4096
        with self._lock:
            first = max(tick, self._last + 1)
            self._last = first + count - 1
        return first


_clock = _Clock()


def new_ids(count: int) -> list[UUID]:
    """`count` new ids in ascending order."""
    first = _clock.take(count)
    return [_identity(tick) for tick in range(first, first + count)]


def _identity(tick: int) -> UUID:
    """48 bits of milliseconds, the version, 12 bits of their fraction, the variant, 62 random bits."""
    milliseconds, fraction = divmod(tick, 4096)
    return UUID(
        int=milliseconds << 80 | _VERSION | fraction << 64 | _VARIANT | secrets.randbits(_RANDOM_BITS)
    )
