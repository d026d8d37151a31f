"""Log-in sessions of people: a signed cookie that names the user and the epoch of the password."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask_login
from flask import Flask, request, session

from fieldstone.access import sessions
from fieldstone.errors import NotAuthenticated
from fieldstone.web.request_context import forget_context
from fieldstone.web.runtime import current_runtime


class SessionUser(flask_login.UserMixin):  # type: ignore[misc]  # flask-login has no types
    """The session that flask-login keeps in the cookie. Each request asks whether it still counts."""

    def __init__(self, kept: sessions.Session) -> None:
        self.session = kept

    def get_id(self) -> str:
        """The text in the cookie."""
        return f"{self.session.user}:{self.session.epoch}"


def install(app: Flask) -> None:
    """Let flask-login keep the session."""
    manager: Any = flask_login.LoginManager()
    manager.user_loader(_session_user)
    manager.session_protection = None  # addresses of phones change
    manager.init_app(app)


def log_in(email: str, password: str) -> None:
    """Log the browser in.

    Raises `NotAuthenticated` if e-mail address and password do not fit together, and `TooManyRequests` after
    too many failures.
    """
    runtime = current_runtime()
    address = request.remote_addr or "unknown"
    runtime.attempts.check(email, address)
    try:
        kept = sessions.log_in(runtime.database, runtime.current.model, email, password)
    except NotAuthenticated:
        runtime.attempts.failed(email, address)
        raise
    runtime.attempts.succeeded(email)
    session.clear()
    session.permanent = True
    flask_login.login_user(SessionUser(kept))
    forget_context()


def log_out() -> None:
    """End this browser's session."""
    flask_login.logout_user()
    session.clear()
    forget_context()


def _session_user(text: str) -> SessionUser | None:
    user, _, epoch = text.partition(":")
    try:
        return SessionUser(sessions.Session(UUID(user), int(epoch)))
    except ValueError:
        return None
