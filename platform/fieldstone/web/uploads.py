"""Takes files out of requests without holding them in memory.

A body is the content itself, with its name in the address, or `multipart/form-data` with one part `file`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from flask import request
from werkzeug.datastructures import FileStorage

from fieldstone.errors import FieldError, Malformed
from fieldstone.files import Content, FileStore, Received, examine
from fieldstone.files.store import CHUNK, too_large
from fieldstone.web.problems import LengthRequired

PART = "file"
MULTIPART = "multipart/form-data"
_AROUND = 64 * 1024
"""Bytes that a multipart body may have besides the file."""


def read_upload(store: FileStore, name: str | None, largest: int | None = None) -> Content:
    """The content that this request brings, received and found to be what it says.

    name: from the address, which a multipart part need not repeat. largest: bytes, instead of the
    installation's limit where that is higher.
    Raises `Malformed` without a file or name, or if only a part came, `LengthRequired`, `TooLarge`, and what
    `examine` raises.
    """
    limit = store.largest if largest is None else min(largest, store.largest)
    if request.mimetype == MULTIPART:
        return _from_part(store, name, limit)
    if name is None:
        raise _refused("name", "Say in the address what the file is called: `?name=contract.pdf`.")
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        raise _length_required()
    _expect(limit, limit + 1)
    received = store.receive(_chunks(request.stream), limit)
    _require_whole(store, received)
    return examine(store, received, name, request.mimetype)


def take(store: FileStore, sent: FileStorage, largest: int | None = None) -> Content:
    """The content of one part of a form. Raises as `read_upload`."""
    received = store.receive(_chunks(sent.stream), largest)
    return examine(store, received, sent.filename or "", sent.mimetype)


def allow_files(store: FileStore) -> None:
    """Let this request bring files, which may be larger than any other body."""
    request.max_content_length = store.largest + _AROUND


def _from_part(store: FileStore, name: str | None, limit: int) -> Content:
    _expect(limit + _AROUND, limit + _AROUND)
    sent = request.files.get(PART)
    others = [part for part in (*request.files, *request.form) if part != PART]
    if sent is None or others or len(request.files.getlist(PART)) != 1:
        raise _refused(PART, "Send the file as the one part `file` of the form.")
    if name is not None:
        sent.filename = name
    if not sent.filename:
        raise _refused("name", "The part `file` has no file name.")
    return take(store, sent, limit)


def _expect(limit: int, most: int) -> None:
    """Refuse a body that says itself that it is too large, and read at most so many bytes of others."""
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    request.max_content_length = most


def _require_whole(store: FileStore, received: Received) -> None:
    """Refuse a body of which only a part came."""
    expected = request.content_length
    if (expected or 0) != received.size:
        store.discard(received)
        if expected is None:
            raise _length_required()
        came = f"{received.size:,} of {expected:,} bytes"
        message = f"Only {came} came. Nothing was saved; send it again."
        raise Malformed(message, code="incomplete")


def _length_required() -> LengthRequired:
    # To the application, a connection that breaks looks like the end of such a body.
    return LengthRequired("Send `Content-Length`, so that a file of which only a part came is noticed.")


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def _refused(name: str, message: str) -> Malformed:
    return Malformed(message, code="no_file", errors=[FieldError(name, "no_file", message)])
