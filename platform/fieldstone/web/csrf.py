"""Writes that a browser sends with its session cookie must carry the token that our pages give them.

Calls with a bearer token need none: no other site can make a browser send it.
"""

from __future__ import annotations

from flask import Flask, request, session
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect

from fieldstone.errors import Forbidden, NotAuthenticated
from fieldstone.web.request_context import is_api_request
from fieldstone.web.runtime import current_runtime
from fieldstone.web.uploads import MULTIPART, allow_files

HEADER = "X-CSRFToken"
_protection = CSRFProtect()


def install(app: Flask) -> None:
    """Check the token before every write that relies on the cookie; offer `csrf_token()` to templates."""
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_HEADERS=[HEADER])
    _protection.init_app(app)
    app.before_request(protect)


def protect() -> None:
    """Refuse a write without the token. Raises `Forbidden` with the code `csrf`."""
    if request.method in {"GET", "HEAD", "OPTIONS", "TRACE"} or "Authorization" in request.headers:
        return
    if is_api_request() and not session:
        raise NotAuthenticated("Send a token: `Authorization: Bearer …`.")
    if request.mimetype == MULTIPART and current_user.is_authenticated:
        # The token may stand in the same form as the files, so they are read to find it.
        allow_files(current_runtime().database.files)
    try:
        _protection.protect()
    except CSRFError as error:
        raise Forbidden(
            "This page is too old, or the request is not from our pages. Nothing was saved; reload it.",
            code="csrf",
            details={"reason": error.description},
        ) from None
