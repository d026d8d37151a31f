"""Reads JSON bodies strictly: what two readers could understand differently is refused, not guessed.

Numbers with a fraction become `Decimal`, so that an amount arrives exactly as it was sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from flask import request

from fieldstone.errors import FieldError, Malformed, TooLarge
from fieldstone.web import unreadable
from fieldstone.web.problems import UnsupportedMediaType

MAX_DEPTH = 64
MAX_DIGITS = 100


def refuse_encoded() -> None:
    """Before each call: a body that is compressed would be taken for what it is not (RFC 9110, section 8.4).

    Raises `UnsupportedMediaType`.
    """
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity"} and request.method not in {"GET", "HEAD", "OPTIONS"}:
        raise UnsupportedMediaType("Send the body as it is, without `Content-Encoding`.")


def read_object() -> dict[str, Any]:
    """The request's body as a JSON object.

    Raises `UnsupportedMediaType` for another content type, `TooLarge` above the size limit, and `Malformed`
    for anything that is not one well-formed object in UTF-8 without duplicate members.
    """
    _check_media_type()
    body = parse(_whole_body())
    if not isinstance(body, dict):
        raise Malformed("The body must be a JSON object.")
    return body


def read_optional_object() -> dict[str, Any]:
    """As `read_object`, but no body at all stands for an empty object."""
    return read_object() if request.get_data() else {}


def read_nothing() -> None:
    """For addresses that take no body: refuse one with members rather than ignore it. Raises `Malformed`."""
    only(read_optional_object(), ())


def parse(raw: bytes) -> Any:
    """The value that `raw` says in JSON. Raises `Malformed`."""
    if not raw.strip():
        raise Malformed("The body is empty; a JSON object is expected.")
    try:
        text = raw.decode("utf-8")
        value = _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8 (byte {error.start}).") from None
    except json.JSONDecodeError as error:
        raise _broken(error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise _too_deep() from None
    except Malformed as refused:
        raise _where(text, refused) from None
    _check_depth(raw, value)
    _check_texts(raw, value)
    return value


def check_text(text: str) -> None:
    """Refuse characters that no database text can hold. Raises `Malformed`."""
    if "\0" in text:
        raise Malformed("A text holds the character NUL, which cannot be stored.", code="broken_text")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise Malformed("A text is not valid Unicode: it holds half of a character.", code="broken_text")


def only(body: Mapping[str, Any], allowed: Sequence[str]) -> None:
    """Refuse members of `body` that are not `allowed`. Raises `Malformed` naming each."""
    unknown = [name for name in body if name not in allowed]
    if unknown:
        errors = [FieldError(name, "unknown_member", f"`{name}` is not known here.") for name in unknown]
        known = f"Known: {', '.join(f'`{name}`' for name in allowed)}." if allowed else "No member is."
        raise Malformed(f"`{unknown[0]}` is not known here. {known}", code="unknown_member", errors=errors)


def _whole_body() -> bytes:
    raw = request.get_data()
    if request.content_length is None and len(raw) >= (request.max_content_length or 0):
        # Werkzeug cuts a chunked body off at the limit without a word.
        raise TooLarge("The body is larger than this server takes. Nothing was saved; send less at a time.")
    return raw


def _check_media_type() -> None:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType("Send the body as JSON with the header `Content-Type: application/json`.")


def _broken(message: str, line: int, column: int) -> Malformed:
    entry = FieldError(None, "broken_json", message, line=line, column=column)
    return Malformed(f"The body is not JSON: {message} (line {line}, column {column}).", errors=[entry])


def _too_deep() -> Malformed:
    return Malformed(f"The body is nested deeper than {MAX_DEPTH} levels.", code="too_deep")


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = unreadable.tellable(next(name for name in names if names.count(name) > 1))
        message = f"`{twice}` appears twice in one object."
        entry = FieldError(twice, "duplicate_member", message)
        raise Malformed(message, code="duplicate_member", errors=[entry])
    return members


def _integer(text: str) -> int:
    _check_digits(text)
    return int(text)


def _decimal(text: str) -> Decimal:
    _check_digits(text)
    value = Decimal(text)
    if abs(value.adjusted()) > MAX_DIGITS:
        raise Malformed(f"The number {text} is out of range.", code="number_out_of_range")
    return value


def _check_digits(text: str) -> None:
    if len(text) > MAX_DIGITS:
        raise Malformed(f"A number has more than {MAX_DIGITS} digits.", code="number_out_of_range")


def _not_a_number(text: str) -> NoReturn:
    raise Malformed(f"{text} is not a JSON number.", code="broken_json")


def _check_depth(raw: bytes, value: Any) -> None:
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise _too_deep()


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _check_texts(raw: bytes, value: Any) -> None:
    if b"\\u" not in raw:
        return
    for text in _texts(value):
        try:
            check_text(text)
        except Malformed as refused:
            raise unreadable.named(refused, unreadable.place_of_text(value, check_text)) from None


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        yield from value
    for child in _children(value):
        yield from _texts(child)


def _where(text: str, refused: Malformed) -> Malformed:
    """The refusal of a number with its place; of a member that appears twice, that has its name already."""
    if refused.errors:
        return refused
    try:
        return unreadable.named(refused, unreadable.place_of_number(text, _decimal))
    except (ValueError, RecursionError):
        return refused  # what follows is broken too


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_members,
    parse_float=_decimal,
    parse_int=_integer,
    parse_constant=_not_a_number,
)
