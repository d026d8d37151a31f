"""Reads the query string strictly: what is unknown or sent twice is refused, never ignored."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import NoReturn, Self, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes

from flask import request

from fieldstone.errors import FieldError, Malformed
from fieldstone.web.bodies import check_text

C = TypeVar("C", bound=str)
NOT_YET = frozenset({"at"})
MAX_LENGTH = 64 * 1024


class Parameters:
    """The parameters of this request, of which only those named `allowed` may have been sent.

    Raises `Malformed` for any other, for one sent twice, and for text that is not UTF-8.
    """

    def __init__(self, *allowed: str) -> None:
        self._sent = read(request.query_string, allowed)

    @classmethod
    def of(cls, query: bytes, *allowed: str) -> Self:
        """The parameters of a query string, whichever request it is of."""
        parameters = cls.__new__(cls)
        parameters._sent = read(query, allowed)
        return parameters

    def text(self, name: str) -> str | None:
        """The parameter as sent, or None."""
        return self._sent.get(name)

    def names(self, name: str) -> tuple[str, ...] | None:
        """A comma-separated list of names, or None."""
        text = self._sent.get(name)
        if text is None:
            return None
        names = tuple(part.strip() for part in text.split(","))
        if not all(names):
            refuse(name, f"`{name}` is a list of names with commas between them.")
        return names

    def integer(self, name: str, default: int, smallest: int, largest: int) -> int:
        """A whole number between `smallest` and `largest`."""
        text = self._sent.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10 and smallest <= int(text) <= largest):
            refuse(name, f"`{name}` is a whole number from {smallest} to {largest}.")
        return int(text)

    def flag(self, name: str) -> bool:
        """`true` or `false`; absent is false."""
        return self.choice(name, ("false", "true")) == "true"

    def choice(self, name: str, choices: Sequence[C]) -> C:
        """One of `choices`; absent, the first."""
        text = self._sent.get(name, choices[0])
        found = next((choice for choice in choices if choice == text), None)
        return found or refuse(name, f"`{name}` is one of {', '.join(choices)}.")


def read(query: bytes, allowed: Sequence[str]) -> Mapping[str, str]:
    """Parameter → value, all of them `allowed` and sent once. Raises `Malformed`."""
    if not query:
        return {}
    sent: dict[str, list[str]] = {}
    for name, value in parse_qsl(_decoded(query), keep_blank_values=True):
        sent.setdefault(name, []).append(value)
    for name, values in sent.items():
        if name not in allowed:
            _unknown(name, allowed)
        if len(values) > 1:
            refuse(name, f"`{name}` was sent {len(values)} times.")
        check_text(values[0])
        if len(values[0]) > MAX_LENGTH:
            refuse(name, f"`{name}` is longer than {MAX_LENGTH:,} characters.", "too_long")
    return {name: value for name, (value,) in sent.items()}


def refuse(name: str, message: str, code: str = "bad_parameter") -> NoReturn:
    """Raise `Malformed` about one parameter."""
    raise Malformed(message, code=code, errors=[FieldError(name, code, message)])


def _unknown(name: str, allowed: Sequence[str]) -> NoReturn:
    if name in NOT_YET:
        refuse(name, f"The parameter `{name}` is not supported yet.", "not_supported_yet")
    close = difflib.get_close_matches(name[:50], allowed, n=1)
    known = f"Known: {', '.join(f'`{entry}`' for entry in allowed)}." if allowed else "There are none here."
    hint = f"Did you mean `{close[0]}`?" if close else known
    refuse(name[:100], f"There is no parameter `{name[:100]}`. {hint}", "unknown_parameter")


def _decoded(query: bytes) -> str:
    try:
        unquote_to_bytes(query).decode("utf-8")
        return query.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("The query string is not UTF-8.", code="bad_parameter") from None
