"""Whatever goes wrong in a request ends here: as a problem document for programs, as a page for people."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from flask import Flask, Response, current_app, g
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from fieldstone.errors import FieldstoneError
from fieldstone.web import problems
from fieldstone.web.request_context import is_api_request

ErrorPage = Callable[[FieldstoneError], ResponseReturnValue]
EXTENSION = "fieldstone_error_page"
log = structlog.get_logger("fieldstone.web")


def install(app: Flask) -> None:
    """Handle our errors, those of Flask, and everything unforeseen."""
    app.register_error_handler(FieldstoneError, tell)
    app.register_error_handler(HTTPException, tell_http)
    app.register_error_handler(Exception, tell_unforeseen)


def use_error_page(app: Flask, render: ErrorPage) -> None:
    """For pages: show errors outside the API with `render`, which sets the status of the answer."""
    app.extensions[EXTENSION] = render


def tell(error: FieldstoneError) -> ResponseReturnValue:
    """The answer to a request that was refused."""
    if error.status >= 500:
        log.error("failed", code=error.code, reason=error.message, request_id=g.get("request_id"))
    render: ErrorPage | None = current_app.extensions.get(EXTENSION)
    if is_api_request() or render is None:
        return problems.problem(error)
    return render(error)


def tell_http(error: HTTPException) -> ResponseReturnValue:
    """The same for what Flask refuses; a redirect stays one."""
    if isinstance(error.response, Response) or (error.code or 500) < 400:
        return error
    return tell(problems.from_http(error))


def tell_unforeseen(error: Exception) -> ResponseReturnValue:
    """A fault of ours: the log gets the stack, the caller an id to quote."""
    request_id = g.get("request_id", "")
    log.error("fault", request_id=request_id, exc_info=error)
    return tell(
        FieldstoneError(
            "Something went wrong on our side; this request saved nothing more. "
            f"Try again, and if it stays, tell your administrator the number {request_id}."
        )
    )
