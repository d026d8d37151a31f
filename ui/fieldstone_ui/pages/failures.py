"""Errors as pages: what happened, what it means for the data, what to do next."""

from __future__ import annotations

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, Forbidden, TooSlow, Unavailable
from fieldstone_ui.pages import denied
from fieldstone_ui.pages.answers import from_script, refusal, wants_json
from fieldstone_ui.pages.logins import ask_to_log_in, logged_in
from fieldstone_ui.presentation.lists import Action
from fieldstone_ui.presentation.page import Message

ICONS = {403: "lock", 404: "search", 412: "refresh", 429: "clock", 503: "database"}
TITLES = {
    403: "You may not do this",
    404: "Not found",
    405: "Not possible here",
    409: "In conflict with other data",
    413: "Too large",
    429: "Too many tries",
}


def error_page(error: FieldstoneError) -> ResponseReturnValue:
    """The answer to a page request that was refused."""
    if not from_script() and (error.status == 401 or (error.code == "csrf" and not logged_in())):
        return ask_to_log_in()
    if wants_json() or (from_script() and error.status == 401):
        return refusal(error)
    hidden = denied.hidden_record(error)
    if hidden is not None:
        return render(hidden), Forbidden.status
    return render(message(error)), error.status


def render(told: Message) -> str:
    """The page; a script that asked for a part of one gets only the words."""
    return render_template("parts/message.html" if from_script() else "message.html", message=told)


def message(error: FieldstoneError) -> Message:
    """The words of the page."""
    said, conditions = denied.refused(error) if error.status == Forbidden.status else (explain(error), [])
    return Message(
        title=title(error),
        text=said,
        icon=ICONS.get(error.status, "alert-circle"),
        actions=list(next_steps(error)),
        conditions=conditions,
        reference=g.get("request_id", "") if error.status >= 500 else "",
    )


def title(error: FieldstoneError) -> str:
    """The words above the message; what is over in a moment says itself what it is."""
    if isinstance(error, Unavailable):
        return error.title
    return TITLES.get(error.status, "That did not work" if error.status < 500 else "Something went wrong")


def explain(error: FieldstoneError) -> str:
    """What happened; for what is not there, that it may also be hidden."""
    if error.status == 404 and error.code in {"not_found", "http_404"}:
        return "There is nothing at this address, or you may not see it. Nothing of yours is lost."
    if error.status >= 500 and request.method == "POST" and not from_script():
        return f"{error.message} Go back in your browser: what you typed is still there."
    return error.message


def next_steps(error: FieldstoneError) -> list[Action]:
    """What to do next."""
    home = Action("To the start page", url_for("pages.home"))
    entity = (request.view_args or {}).get("entity")
    known = entity and error.code != "unknown_entity"
    back = [Action("Back to the list", url_for("pages.listing", entity=entity))] if known else []
    if error.status not in {503, 500}:
        return [*back, home]
    again = [Action("Try again", request.full_path.rstrip("?"))] if request.method == "GET" else []
    # The same once more would mostly take as long; the list without its filters does not.
    return [*back, *again, home] if isinstance(error, TooSlow) else [*(again or [home])]
