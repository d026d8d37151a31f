"""What is found out about a content before it becomes a file."""

from __future__ import annotations

from dataclasses import dataclass

from fieldstone.errors import FieldError, Invalid
from fieldstone.files.media_types import media_type_of
from fieldstone.files.names import clean_name
from fieldstone.files.pictures import dimensions
from fieldstone.files.store import FileStore, Received


@dataclass(frozen=True)
class Content:
    """A content that has arrived and is what it says. width, height: of pictures."""

    received: Received
    name: str
    media_type: str
    width: int | None = None
    height: int | None = None


def examine(store: FileStore, received: Received, name: str, sent_type: str = "") -> Content:
    """Look at a received content.

    name: as sent, with whatever path before it. sent_type: the media type sent with it, if any.
    Raises `Invalid`: `empty_file`, `type_mismatch`, `image_too_large`; the content is removed then.
    """
    try:
        return _examined(store, received, clean_name(name), sent_type)
    except BaseException:
        store.discard(received)
        raise


def _examined(store: FileStore, received: Received, name: str, sent_type: str) -> Content:
    if received.size == 0:
        message = f"“{name[:80]}” is empty. Nothing was saved."
        raise Invalid(message, code="empty_file", errors=[FieldError("file", "empty_file", message)])
    media_type = media_type_of(received.head, name, sent_type)
    with store.open_received(received) as content:
        size = dimensions(content, media_type, name)
    width, height = size or (None, None)
    return Content(received, name, media_type, width, height)
