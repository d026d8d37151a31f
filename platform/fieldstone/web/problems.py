"""Errors as RFC 9457 problem details, and the web's own refusals.

Every answer of the API that is not a success has the media type `application/problem+json` and the members
`type`, `title`, `status`, `code`, `detail` and `errors`; an error's details (the `reason` of a 403, who
changed what for a 412) stand beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import HTTPException

from fieldstone import exact_json
from fieldstone.errors import (
    FieldError,
    FieldstoneError,
    Forbidden,
    Malformed,
    NotAuthenticated,
    NotFound,
    TooLarge,
)
from fieldstone.web.answer import Answer

MEDIA_TYPE = "application/problem+json"
RESERVED = frozenset({"type", "title", "status", "code", "detail", "errors"})


class MethodNotAllowed(FieldstoneError):
    """The address exists, but not with this method; details["allow"] lists those it has."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class UnsupportedMediaType(FieldstoneError):
    """The body is not of a kind this address takes."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class LengthRequired(FieldstoneError):
    """The body has to say beforehand how long it is, or nobody could tell whether all of it came."""

    status, code, title = 411, "length_required", "Say how long it is"


class RangeNotSatisfiable(FieldstoneError):
    """The part of a file that was asked for is not in it; details["size"] says how many bytes it has."""

    status, code, title = 416, "range_not_satisfiable", "There is no such part"


class TooManyRequests(FieldstoneError):
    """The caller has to wait; details["retry_after"] says how many seconds."""

    status, code, title = 429, "too_many_requests", "Too many attempts"


def problem(error: FieldstoneError) -> Answer:
    """`error` as the API tells it, with the headers its status calls for."""
    return Answer(exact_json.dumps(members(error)), MEDIA_TYPE, error.status, headers(error))


def members(error: FieldstoneError) -> dict[str, Any]:
    """The members of the problem document."""
    own = {
        "type": f"urn:fieldstone:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.message,
        "errors": [entry(one) for one in error.errors],
    }
    return own | {name: value for name, value in error.details.items() if name not in RESERVED}


def headers(error: FieldstoneError) -> dict[str, str]:
    """HTTP headers that belong to the status: `WWW-Authenticate`, `Retry-After`, `Allow`, `Content-Range`."""
    found: dict[str, str] = {}
    if error.status == 401:
        found["WWW-Authenticate"] = 'Bearer realm="Fieldstone"'
    if error.status in {429, 503}:
        found["Retry-After"] = str(error.details.get("retry_after", 2))
    if error.status == 416:
        found["Content-Range"] = f"bytes */{error.details['size']}"
    if error.status == 405:
        found["Allow"] = ", ".join(error.details.get("allow", ()))
    return found


def from_http(error: HTTPException) -> FieldstoneError:
    """What Flask and Werkzeug refuse (no such address, too large, …) as one of our errors."""
    status = error.code or 500
    if status == 405:
        return _method_not_allowed(error)
    kinds: Mapping[int, type[FieldstoneError]] = {
        400: Malformed,
        401: NotAuthenticated,
        403: Forbidden,
        404: NotFound,
        413: TooLarge,
        415: UnsupportedMediaType,
        429: TooManyRequests,
    }
    kind = kinds.get(status, Malformed if 400 <= status < 500 else FieldstoneError)
    return kind(_TEXTS.get(status, error.description or error.name))


def in_batch(error: FieldstoneError) -> FieldstoneError:
    """The same error with each field named by its place in a sent batch: `records.3.name`."""
    error.errors = tuple(_placed(entry) for entry in error.errors)
    return error


def _placed(entry: FieldError) -> FieldError:
    place = f"records.{entry.record}"
    name = place if entry.field is None else f"{place}.{entry.field}"
    return FieldError(name, entry.code, entry.message, entry.record, entry.line, entry.column)


def entry(one: FieldError) -> dict[str, Any]:
    """One of the `errors`."""
    return {
        "field": one.field,
        "code": one.code,
        "message": one.message,
        "line": one.line,
        "column": one.column,
    }


def _method_not_allowed(error: HTTPException) -> MethodNotAllowed:
    allowed = sorted(getattr(error, "valid_methods", None) or ())
    text = f"This address does not take that method. It takes: {', '.join(allowed)}."
    return MethodNotAllowed(text, details={"allow": allowed})


_TEXTS = {
    404: "There is nothing at this address.",
    413: "What was sent is larger than this server takes. Nothing was saved; send less at a time.",
}
