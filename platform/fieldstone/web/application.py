"""The Flask application class: what happens around every request, whatever answers it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask.typing import ResponseReturnValue

from fieldstone.errors import StaleModel
from fieldstone.web import access_log, direct, security
from fieldstone.web.request_context import forget_context
from fieldstone.web.runtime import EXTENSION, current_runtime

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Application(Flask):
    """Flask with request ids, an access log, security headers, and one retry after a publication.

    Headers and log are added here and not by `after_request`, which costs five times as much.
    """

    def __init__(self) -> None:
        super().__init__("fieldstone.web", static_folder=None)
        self.url_map.merge_slashes = False  # else `/api/v1//data` is answered by a page that redirects
        self._access_log = access_log.AccessLog()
        self.jinja_env.globals["csp_nonce"] = security.csp_nonce

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        request_id = access_log.new_request_id(environ)

        def start(status: str, headers: security.Headers, exc_info: Any = None) -> Any:
            headers.extend(security.headers_for(environ, headers))
            headers.append((access_log.HEADER, request_id))
            self._access_log.answered(environ, status, started)
            return start_response(status, headers, exc_info)

        answer = direct.answer(self.extensions[EXTENSION], environ)
        if answer is None:
            return super().wsgi_app(environ, start)
        start(answer.status_line, answer.all_headers())
        return [answer.body]

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view; on `StaleModel`, which means that nothing was written, again on the new model."""
        try:
            return super().dispatch_request()
        except StaleModel:
            current_runtime().current.reload()
            forget_context()
            return super().dispatch_request()
