"""An answer as HTTP knows it, before any framework does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from flask import Response

_STATUS_LINES = {status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}


@dataclass(frozen=True)
class Answer:
    """A body with its media type, a status, and further headers."""

    body: bytes
    media_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """The answer for Flask."""
        return Response(self.body, self.status, self.headers, mimetype=self.media_type)

    @property
    def status_line(self) -> str:
        """The status with its phrase, as WSGI wants it."""
        return _STATUS_LINES[self.status]

    def all_headers(self) -> list[tuple[str, str]]:
        """The headers with those that describe the body, as WSGI wants them."""
        described = [("Content-Type", self.media_type), ("Content-Length", str(len(self.body)))]
        return [*described, *self.headers.items()]
