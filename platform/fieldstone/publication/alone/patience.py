"""Trying again: a publisher gives way to those who use its tables, and comes back later."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from fieldstone.errors import Busy

T = TypeVar("T")
Tell = Callable[[str], None]
_log = structlog.get_logger()


def _note(text: str) -> None:
    """Where nobody sits who could be told, the log tells."""
    _log.warning("publication.waits", reason=text)


@dataclass(frozen=True)
class Patience:
    """How often a publisher tries again.

    pauses: seconds between the tries, in which others go on. tell: is told each time who stood in the way.
    """

    pauses: Sequence[float] = (1, 2, 3, 4, 5, 5, 5)
    tell: Tell = _note


USUAL = Patience()


def with_patience(work: Callable[[], T], patience: Patience = USUAL) -> T:
    """What `work` gives, which is done again where others hold what it needs; the last Busy is raised."""
    tries = len(patience.pauses) + 1
    for attempt, pause in enumerate(patience.pauses, 1):
        try:
            return work()
        except Busy as error:
            patience.tell(f"Try {attempt} of {tries}, the next one in {pause:g} s. {error.message}")
            time.sleep(pause)
    return work()
