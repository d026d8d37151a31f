"""Log-in sessions of people: a signed cookie that names the user and the epoch of the password."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask_login
from flask import Flask, Request, Response, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

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


class Cookies(SecureCookieSessionInterface):
    """Flask's signed cookies; a request without one, such as those with tokens, pays nothing for them."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of the cookie, or an empty one."""
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def get_cookie_secure(self, app: Flask) -> bool:
        """A cookie that was set over HTTPS never travels without."""
        del app
        return request.is_secure

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Whether the answer sets the cookie: what changed, and a later end for whoever opens a page.

        Scripts, styles and pictures are asked for beside other requests: one of their answers that came late
        would bring back the cookie as it was, without what the other one had just said, or an ended log-in.
        """
        return session.modified or (_opens_a_page() and super().should_set_cookie(app, session))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set or remove the cookie, if there is anything to say about it."""
        if session or session.accessed:
            super().save_session(app, session, response)


def _opens_a_page() -> bool:
    """Whether the browser asks in order to show the answer; browsers that do not say so are taken to."""
    asked_by_script = "HX-Request" in request.headers
    return not asked_by_script and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def install(app: Flask) -> None:
    """Let flask-login keep the session."""
    app.session_interface = Cookies()
    manager: Any = flask_login.LoginManager()
    manager.user_loader(_session_user)
    manager.session_protection = None  # addresses of phones change
    # Not `init_app`, which adds work to every answer for cookies that remember a log-in; there are none here.
    app.login_manager = manager  # type: ignore[attr-defined]  # where flask-login looks for it


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
