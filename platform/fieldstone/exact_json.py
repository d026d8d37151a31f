"""JSON with whole numbers of any size: orjson where it is exact, else the standard library.

orjson refuses to write integers beyond 64 bits, and reads them as binary fractions.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

_LONG_NUMBER = re.compile(rb"\d{19}")
"""As many digits as 64 bits may not hold any more; ids and moments have fewer in a row."""


def loads(text: str | bytes | bytearray | memoryview) -> Any:
    """The value that a JSON text says. Raises `ValueError`."""
    raw = text.encode() if isinstance(text, str) else bytes(text)
    return json.loads(raw) if _LONG_NUMBER.search(raw) else orjson.loads(raw)


def dumps(value: Any) -> bytes:
    """A value as JSON in UTF-8; moments, ids and dataclasses as orjson has them, the rest as `str`."""
    try:
        return orjson.dumps(value, default=str)
    except orjson.JSONEncodeError:
        return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, default=str))
