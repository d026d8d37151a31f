"""Whatever goes wrong in a request ends here: as a problem document for programs, as a page for people."""

from __future__ import annotations

from collections.abc import Callable
from traceback import format_exception
from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from fieldstone.errors import FieldstoneError
from fieldstone.web import problems
from fieldstone.web.access_log import REQUEST_ID
from fieldstone.web.answer import Answer
from fieldstone.web.request_context import is_api_request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

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
    render: ErrorPage | None = current_app.extensions.get(EXTENSION)
    if is_api_request() or render is None:
        return told(error, request.environ).response()
    _log(error, request.environ)
    return render(error)


def told(error: FieldstoneError, environ: WSGIEnvironment) -> Answer:
    """What a program is told of a request that was refused."""
    _log(error, environ)
    return problems.problem(error)


def _log(error: FieldstoneError, environ: WSGIEnvironment) -> None:
    """What is not the caller's doing is logged, and a fault of ours with its stack."""
    if error.status >= 500:
        # As text: what structlog would make of the error itself shows values of variables, and takes minutes.
        stack = {"exception": "".join(format_exception(error))} if error.status == 500 else {}
        request_id = environ.get(REQUEST_ID)
        log.error("failed", code=error.code, reason=error.message, request_id=request_id, **stack)


def tell_http(error: HTTPException) -> ResponseReturnValue:
    """The same for what Flask refuses; a redirect stays one."""
    if isinstance(error.response, Response) or (error.code or 500) < 400:
        return error
    return tell(problems.from_http(error))


def tell_unforeseen(error: Exception) -> ResponseReturnValue:
    """A fault of ours: the log gets the stack, the caller an id to quote."""
    return tell(_fault(error, request.environ))


def told_unforeseen(error: Exception, environ: WSGIEnvironment) -> Answer:
    """The same for a program."""
    return told(_fault(error, environ), environ)


def _fault(error: Exception, environ: WSGIEnvironment) -> FieldstoneError:
    fault = FieldstoneError(
        "Something went wrong on our side; this request saved nothing more. Try again, and if it stays, "
        f"tell your administrator the number {environ.get(REQUEST_ID)}."
    )
    fault.__cause__ = error
    return fault
