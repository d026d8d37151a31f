"""One line in the log for each request, and an id that ties everything said about a request together."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

HEADER = "X-Request-Id"
ACCEPTED = re.compile(r"^[A-Za-z0-9._:-]{8,64}$")
log = structlog.get_logger("fieldstone.access")


def install(app: Flask) -> None:
    """Give each request an id and log it when it is answered."""
    app.before_request(begin)
    app.after_request(finish)


def begin() -> None:
    """Note the time, and take over the request id of a proxy or make one."""
    sent = request.headers.get(HEADER, "")
    g.started = time.perf_counter()
    g.request_id = sent if ACCEPTED.match(sent) else uuid4().hex


def finish(response: Response) -> Response:
    """Log the request; what was sent in parameters and bodies is left out, since it may be personal."""
    response.headers[HEADER] = g.request_id
    context = g.get("context")
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.started) * 1000, 1),
        user=str(context.principal.user) if context else None,
        request_id=g.request_id,
    )
    return response
