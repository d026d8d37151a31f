"""Logging in and out, and going on where one was when the session ended."""

from __future__ import annotations

import json

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from fieldstone.errors import FieldstoneError, NotAuthenticated
from fieldstone.web import sessions
from fieldstone_ui import data
from fieldstone_ui.pages.addresses import inner_address
from fieldstone_ui.pages.answers import wants_json
from fieldstone_ui.presentation.labels import humanize

LONGEST_KEPT = 200_000


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/login", endpoint="log_in")(log_in_page)
    pages.post("/login", endpoint="log_in_now")(log_in)
    pages.post("/logout", endpoint="log_out")(log_out)
    pages.get("/session", endpoint="session")(session_state)


def log_in_page() -> ResponseReturnValue:
    """The form."""
    return render_template("account/log_in.html", next=inner_address(request.args.get("next")))


def log_in() -> ResponseReturnValue:
    """Log in; a wrong password shows the form again with the reason."""
    email = request.form.get("email", "").strip()
    try:
        sessions.log_in(email, request.form.get("password", ""))
    except FieldstoneError as error:
        return refused(error, email)
    if wants_json():
        return jsonify(csrf_token=generate_csrf())
    return go_on()


def refused(error: FieldstoneError, email: str) -> ResponseReturnValue:
    """The form again, or JSON for the dialog of a page."""
    if wants_json():
        return jsonify(message=error.message), error.status
    page = render_template(
        "account/log_in.html",
        problem=error.message,
        email=email,
        next=inner_address(request.form.get("next")),
        kept=request.form.get("kept"),
    )
    return page, error.status


def go_on() -> ResponseReturnValue:
    """To where one wanted to go; what was typed into a form is offered to be saved now."""
    target = inner_address(request.form.get("next")) or url_for("pages.home")
    kept = read_kept(request.form.get("kept", ""))
    if not kept:
        return redirect(target)
    shown = [
        (humanize(name.removeprefix("f.")), typed)
        for name, typed in kept
        if name.startswith("f.") and name.count(".") == 1
    ]
    return render_template("account/kept.html", action=target, fields=kept, shown=shown)


def log_out() -> Response:
    """End the session."""
    sessions.log_out()
    return Response(status=303, headers={"Location": url_for("pages.log_in")})


def session_state() -> Response:
    """For our scripts: whether somebody is logged in, and a token for forms."""
    return jsonify(logged_in=logged_in(), csrf_token=generate_csrf())


def logged_in() -> bool:
    """Whether this browser has a session that counts."""
    try:
        data.context()
    except NotAuthenticated:
        return False
    return True


def ask_to_log_in() -> ResponseReturnValue:
    """Instead of a page that needs a log-in; a form that was sent is kept in the page."""
    if request.method == "GET":
        return redirect(
            url_for("pages.log_in", next=request.full_path.rstrip("?") if request.path != "/" else None)
        )
    kept = json.dumps(list(request.form.items(multi=True)))
    keep = kept if len(kept) <= LONGEST_KEPT else None
    return render_template("account/log_in.html", next=request.path, kept=keep, ended=True), 401


def read_kept(text: str) -> list[tuple[str, str]]:
    """The fields of a form that was sent without a session; nothing for what is no such list."""
    try:
        pairs = json.loads(text) if text else []
        return [(str(name), str(typed)) for name, typed in pairs if name != "csrf_token"]
    except (ValueError, TypeError):
        return []
