"""Bounds of the work that hostile input may cause."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """What is done inside takes at most so much processor time of this thread.

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
    assert taken < seconds
