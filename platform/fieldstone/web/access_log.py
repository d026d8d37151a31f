"""One line in the log for each request, and an id that ties everything said about a request together."""

from __future__ import annotations

import logging
import os
import random
import re
import time
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HEADER = "X-Request-Id"
VALUE = re.compile(r"(/data/[^/]*/by/[^/]*/).*")
"""A path with a value of a field in it."""
ACCEPTED = re.compile(r"^[A-Za-z0-9._:-]{8,64}$")
# Ids are to be found again, not to be hard to guess; asking the kernel each time would let other threads go
# first.
_numbers = random.Random(os.urandom(16))  # noqa: S311
os.register_at_fork(after_in_child=lambda: _numbers.seed(os.urandom(16)))
REQUEST_ID, USER = "fieldstone.request_id", "fieldstone.user"


class AccessLog:
    """Logs the requests of one application; made once logging is configured, so that a line costs little."""

    def __init__(self) -> None:
        self._log: Any = structlog.get_logger("fieldstone.access").bind()
        self._logs = self._log.is_enabled_for(logging.INFO)

    def answered(self, environ: WSGIEnvironment, status: str, started: float) -> None:
        """Log a request about to be answered, without parameters and body, which may be personal."""
        if not self._logs:
            return
        self._log.info(
            "request",
            method=environ["REQUEST_METHOD"],
            path=VALUE.sub(r"\1…", environ.get("PATH_INFO", "")),
            status=int(status[:3]),
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
            user=environ.get(USER),
            request_id=environ[REQUEST_ID],
        )


def new_request_id(environ: WSGIEnvironment) -> str:
    """The id that a proxy sent, if it is a plain one, or a new one; `environ` keeps it for the request."""
    sent = environ.get("HTTP_X_REQUEST_ID", "")
    request_id: str = sent if sent and ACCEPTED.match(sent) else f"{_numbers.getrandbits(96):024x}"
    environ[REQUEST_ID] = request_id
    return request_id
