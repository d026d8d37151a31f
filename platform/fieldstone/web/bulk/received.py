"""The body of a bulk call, taken in before anything is written: who leaves half way changes nothing.

It lies in a file, so that memory stays small and no transaction waits for a slow client. Of a chunked body
the server below us does not tell a break from the end; so such a body has to end with a mark that it names.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import request
from werkzeug.exceptions import ClientDisconnected

from fieldstone.errors import Malformed, TooLarge
from fieldstone.web.problems import LengthRequired

LARGEST = 2**30
"""Bytes."""

IN_MEMORY = 2**20
_PART = 2**16


@dataclass(frozen=True)
class Received:
    """A whole body. digest: its SHA-256."""

    file: SpooledTemporaryFile[bytes]
    digest: bytes

    def opened(self) -> io.BufferedReader:
        """The body from its beginning; closing this leaves the body there."""
        self.file.seek(0)
        return io.BufferedReader(_View(self.file))

    def close(self) -> None:
        """Forget the body."""
        self.file.close()


class _View(io.RawIOBase):
    """Reads a file that belongs to somebody else."""

    def __init__(self, file: SpooledTemporaryFile[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        part = self._file.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


def receive(mark: str | None) -> Received:
    """Take in the body of this request, without its last line if that is a mark.

    mark: what the last line of a whole body says; None where `Content-Length` tells what is whole.
    Raises:
        LengthRequired: neither tells. TooLarge: beyond a gigabyte. Malformed: the body broke off.
    """
    if mark is None and request.content_length is None and "Transfer-Encoding" in request.headers:
        raise LengthRequired(
            "Send `Content-Length`, or name in `end=` what the last line of the body says, so that a body of "
            "which only a part came is noticed. Nothing was written."
        )
    request.max_content_length = LARGEST + 1
    file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  # lives with the answer
    digest, size = hashlib.sha256(), 0
    try:
        for part in _parts():
            size += len(part)
            digest.update(part)
            file.write(part)
        _require_whole(size)
        if mark is not None:
            _take_off(file, size, mark.encode())
    except BaseException:
        file.close()
        raise
    return Received(file, digest.digest())


def _parts() -> Iterator[bytes]:
    size = 0
    try:
        while part := request.stream.read(_PART):
            yield part
            size += len(part)
            if size > LARGEST:
                raise TooLarge(f"A bulk call takes at most {LARGEST:,} bytes. Nothing was written.")
    except (ClientDisconnected, OSError) as error:
        raise Malformed("The body broke off. Nothing was written.", code="broken_off") from error


def _require_whole(size: int) -> None:
    expected = request.content_length
    if expected is not None and size != expected:
        raise Malformed(
            f"The body broke off after {size:,} of {expected:,} bytes. Nothing was written.",
            code="broken_off",
        )


def _take_off(file: SpooledTemporaryFile[bytes], size: int, mark: bytes) -> None:
    """Cut the last line off, which is the mark. Raises `Malformed` if it is not."""
    begin = max(0, size - len(mark) - 3)
    file.seek(begin)
    rest, found, after = file.read().rpartition(mark)
    starts_line = rest.endswith(b"\n") or not (begin or rest)
    if not (found and starts_line and after in {b"", b"\n", b"\r\n"}):
        message = "The last line is not the one that `end` names: the body broke off. Nothing was written."
        raise Malformed(message, code="broken_off")
    file.truncate(begin + len(rest))
