"""Where databases of tests lie: in memory where there is plenty of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
ENOUGH = 4 * 2**30
"""Bytes: several times what a whole run keeps at once."""


def fast_folder() -> Path:
    """A folder for temporary folders of PostgreSQL.

    Each test has a database of its own, which is five hundred files: on a disk, to make and to remove them
    takes most of the time of a run, even if nothing is ever flushed.
    """
    return MEMORY if _is_plenty() else Path(tempfile.gettempdir())


def all_folders() -> tuple[Path, ...]:
    """All folders that `fast_folder` may choose."""
    return (MEMORY, Path(tempfile.gettempdir()))


def _is_plenty() -> bool:
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        return False
    return min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) > ENOUGH
