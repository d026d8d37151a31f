"""Files that are finished before their first byte is sent.

A server cannot take back the beginning of an answer, and ours ends one that breaks off like any other: half a
file would look whole. So it is written beside first; then its length is known too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

from fieldstone.errors import NoRoom

IN_MEMORY = 2**20
"""Bytes of a file that need no disk."""

_PART = 2**16


def finished(write: Callable[[IO[bytes]], object]) -> IO[bytes]:
    """A temporary file with what `write` puts into it, at its beginning; whoever gets it closes it.

    Raises what `write` raises, and `NoRoom` if the disk is full; then no file stays.
    """
    file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  # closed when it has been sent
    try:
        write(file)
        file.seek(0)
    except OSError as error:
        file.close()
        raise NoRoom(
            "The server has no disk left for this file. Narrow the list down, or try later."
        ) from error
    except BaseException:
        file.close()
        raise
    return file


def parts(file: IO[bytes]) -> Iterator[bytes]:
    """The content, to be sent; then the file is closed."""
    with file:
        while part := file.read(_PART):
            yield part
