"""Where the contents of files are kept: a local folder, or anything that fsspec can reach, such as S3.

A content arrives under a temporary name and gets its own name (the id of its file's record) only when it is
whole. Nothing is read without a record; so what a killed process leaves behind cannot be reached, and
`fieldstone files clean` removes it. Memory use does not depend on the size.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

import structlog

from fieldstone.errors import FieldError, NotFound, TooLarge, Unavailable

CHUNK = 256 * 1024
HEAD = 64 * 1024
"""Bytes from the start of a content that are looked at to find out what it is."""

_INCOMING = "incoming"
_log = structlog.get_logger()


class StorageFailed(Unavailable):
    """The storage of files cannot be reached or is full; nothing was saved."""

    status, code, title = 503, "storage_failed", "The storage of files does not answer"


@dataclass(frozen=True)
class Received:
    """A content that has arrived whole under a temporary name. checksum: SHA-256 in hexadecimal."""

    place: str
    size: int
    checksum: str
    head: bytes


@dataclass(frozen=True)
class Stored:
    """What lies in the storage. id: of the file it should belong to; None of one that is not whole."""

    place: str
    id: UUID | None
    size: int
    changed_at: datetime | None


class FileStore:
    """The contents of one tenant's files. largest: bytes that one may have."""

    def __init__(self, url: str, tenant: str, largest: int) -> None:
        self.url = url
        self.largest = largest
        self._tenant = tenant

    def receive(self, chunks: Iterable[bytes], largest: int | None = None) -> Received:
        """Store a content as it arrives.

        Raises:
            TooLarge: it is larger than allowed; nothing of it stays.
            StorageFailed: it could not be written; nothing of it stays.
        """
        place = f"{self._root}/{_INCOMING}/{uuid4()}"
        limit = self.largest if largest is None else min(largest, self.largest)
        try:
            with _told(self.url):
                return self._write(place, chunks, limit)
        except BaseException:
            self._forget(place)
            raise

    def keep(self, received: Received, id_: UUID) -> None:
        """Give a received content its own name; again is fine. Raises `StorageFailed`."""
        with _told(self.url):
            place = self._place(id_)
            if self._files.exists(received.place):
                self._files.makedirs(self._parent(place), exist_ok=True)
                self._files.mv(received.place, place)
            elif not self._files.exists(place):
                raise FileNotFoundError(received.place)

    def discard(self, received: Received) -> None:
        """Remove a received content that is not wanted after all."""
        self._forget(received.place)

    def open(self, id_: UUID) -> BinaryIO:
        """The content of a file, to be read and sought in. Raises `NotFound` if it is gone."""
        try:
            with _told(self.url, but=FileNotFoundError):
                return cast("BinaryIO", self._files.open(self._place(id_), "rb"))
        except FileNotFoundError:
            message = "The content of this file is gone from the storage. Ask an administrator to restore it."
            raise NotFound(message, code="content_missing") from None

    def open_received(self, received: Received) -> BinaryIO:
        """A received content, to be read and sought in."""
        with _told(self.url):
            return cast("BinaryIO", self._files.open(received.place, "rb"))

    def remove(self, id_: UUID) -> None:
        """Remove the content of a file that is no more; what cannot be removed waits for a cleaning."""
        self._forget(self._place(id_))

    def stored(self) -> Iterator[Stored]:
        """Everything there is, folder by folder. Raises `StorageFailed`."""
        with _told(self.url):
            for folder in self._entries(self._root):
                for entry in self._entries(str(folder["name"])):
                    yield _stored(entry)

    def remove_stored(self, stored: Stored) -> None:
        """Remove what was found."""
        self._forget(stored.place)

    # --- the file system
    @cached_property
    def _found(self) -> tuple[Any, str]:
        # Importing fsspec takes a tenth of a second, which commands without files need not wait for.
        import fsspec  # noqa: PLC0415

        options = {"auto_mkdir": True} if "://" not in self.url or self.url.startswith("file://") else {}
        try:
            return cast("tuple[Any, str]", fsspec.core.url_to_fs(self.url, **options))
        except (ImportError, ValueError, OSError) as error:
            message = f"The storage of files, {self.url}, cannot be used: {error}. See FIELDSTONE_FILES_URL."
            raise StorageFailed(message) from None

    @property
    def _files(self) -> Any:
        return self._found[0]

    @property
    def _root(self) -> str:
        return f"{self._found[1].rstrip('/')}/{self._tenant}"

    def _place(self, id_: UUID) -> str:
        """Contents are spread over folders by the last digits of their ids, which are random."""
        text = str(id_)
        return f"{self._root}/{text[-2:]}/{text}"

    @staticmethod
    def _parent(place: str) -> str:
        return place.rpartition("/")[0]

    def _write(self, place: str, chunks: Iterable[bytes], largest: int) -> Received:
        digest, size, head = hashlib.sha256(), 0, b""
        self._files.makedirs(self._parent(place), exist_ok=True)
        with self._files.open(place, "wb") as target:
            for chunk in chunks:
                size += len(chunk)
                if size > largest:
                    raise too_large(largest)
                digest.update(chunk)
                head += chunk[: HEAD - len(head)]
                target.write(chunk)
            _settle_on_disk(target)
        return Received(place, size, digest.hexdigest(), head)

    def _forget(self, place: str) -> None:
        try:
            if self._files.exists(place):
                self._files.rm_file(place)
        except OSError as error:
            _log.warning("files.not_removed", place=place, error=str(error))

    def _entries(self, folder: str) -> list[dict[str, Any]]:
        try:
            return list(self._files.ls(folder, detail=True, refresh=True))
        except FileNotFoundError:
            return []


def too_large(largest: int) -> TooLarge:
    """The refusal of a content that is larger than `largest` bytes."""
    message = f"The file is larger than {in_words(largest)}. Nothing was saved."
    told = FieldError("file", "file_too_large", message)
    return TooLarge(message, code=told.code, errors=[told])


def in_words(size: int) -> str:
    """A number of bytes for people."""
    for unit, factor in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if size >= factor:
            return f"{size / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"


@contextlib.contextmanager
def _told(url: str, *, but: type[OSError] | tuple[type[OSError], ...] = ()) -> Iterator[None]:
    try:
        yield
    except but:
        raise
    except OSError as error:
        _log.error("files.storage_failed", url=url, error=str(error))
        message = "The storage of files does not answer or is full. Nothing was saved; try again later."
        raise StorageFailed(message) from error


def _settle_on_disk(target: Any) -> None:
    """Have a local file on the disk before its record is committed; others do so when they are closed."""
    target.flush()
    try:
        descriptor = target.fileno()
    except (AttributeError, OSError):
        return
    os.fsync(descriptor)


def _stored(entry: dict[str, Any]) -> Stored:
    place = str(entry["name"])
    return Stored(place, _id_of(place), int(entry.get("size") or 0), _changed_at(entry))


def _id_of(place: str) -> UUID | None:
    folder, _, name = place.rpartition("/")
    if folder.endswith(f"/{_INCOMING}"):
        return None
    try:
        return UUID(name)
    except ValueError:
        return None


def _changed_at(entry: dict[str, Any]) -> datetime | None:
    """When it was written, as each file system calls it."""
    told = (entry.get(name) for name in ("mtime", "LastModified", "updated", "created"))
    found = next((one for one in told if one is not None), None)
    if isinstance(found, int | float):
        return datetime.fromtimestamp(found, UTC)
    if isinstance(found, datetime):
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return None
