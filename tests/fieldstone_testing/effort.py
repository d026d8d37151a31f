"""Bounds of the work that hostile input may cause."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 60.0
"""Seconds: a hundred times what it takes, and nothing against what grows without bounds."""


@contextmanager
def soon() -> Iterator[None]:
    """What is done inside ends before it has taken much processor time of this thread.

    Nothing else counts: other threads do not, and garbage is not collected meanwhile, since a full collection
    goes through all that the tests before have left in the process, which takes seconds.
    """
    collecting = gc.isenabled()
    gc.disable()
    started = time.thread_time()
    try:
        yield
        taken = time.thread_time() - started
    finally:
        if collecting:
            gc.enable()
    assert taken < LONGEST
