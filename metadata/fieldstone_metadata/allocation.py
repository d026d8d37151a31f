"""Making many objects at once, without Python looking for garbage among them again and again."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Made = TypeVar("Made")


@contextmanager
def without_collection() -> Iterator[None]:
    """For code that makes a large model: nothing of it is garbage yet.

    Each look at all objects of a process costs more the more there are, so what is made would cost more for
    each element in a large application than in a small one. Memory is still freed by counting references.
    Where threads overlap, the first to end lets the collector go on, which costs time and nothing else.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def made_for_good(make: Callable[[], Made]) -> Made:
    """What `make` makes and a command needs until its process ends: Python never looks for garbage in it."""
    with without_collection():
        made = make()
        gc.freeze()
        return made
