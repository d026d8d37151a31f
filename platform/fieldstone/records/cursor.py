"""Cursors: the keys of a page's last record, opaque to callers and bound to the query that made them."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256

import orjson

from fieldstone.errors import Malformed
from fieldstone.records.query import malformed

Keys = tuple[str | None, ...]
LONGEST = 16_384


def fingerprint(*parts: object) -> str:
    """A short mark of a query; queries for other records or in another order have other ones."""
    return sha256(repr(parts).encode(errors="replace")).hexdigest()[:12]


def encode(keys: Sequence[str | None], mark: str) -> str:
    """The cursor behind a record with these keys."""
    payload = orjson.dumps([mark, *keys])
    return urlsafe_b64encode(_checksum(payload) + payload).decode().rstrip("=")


def decode(cursor: str, mark: str, keys: int) -> Keys:
    """The keys in a cursor.

    mark: of the query at hand. keys: how many its order has.

    Raises:
        Malformed: `bad_cursor`, if it is damaged or belongs to another query.
    """
    content = _content(cursor)
    if content is None:
        raise bad_cursor("This cursor is damaged. Start again from the first page.")
    if content[0] != mark or len(content) != keys + 1:
        raise bad_cursor("This cursor belongs to another query. Start again from the first page.")
    return tuple(content[1:])


def bad_cursor(message: str) -> Malformed:
    """The refusal of a cursor."""
    return malformed("cursor", "bad_cursor", message)


def _content(cursor: str) -> list[str | None] | None:
    if len(cursor) > LONGEST:
        return None
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        content = orjson.loads(raw[8:])
    except ValueError:
        return None
    whole = raw[:8] == _checksum(raw[8:]) and isinstance(content, list) and bool(content)
    return content if whole and all(map(_is_key, content)) else None


def _is_key(key: object) -> bool:
    return key is None or (isinstance(key, str) and "\x00" not in key)


def _checksum(payload: bytes) -> bytes:
    return sha256(b"fieldstone cursor" + payload).digest()[:8]
