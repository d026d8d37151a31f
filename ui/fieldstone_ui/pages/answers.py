"""The forms an answer can take: a page, a part of one for our scripts, or JSON for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_htmx import HTMX

from fieldstone.errors import FieldstoneError, NotFound


def from_script() -> bool:
    """Whether one of our scripts asks, which takes parts of pages and JSON."""
    return bool(HTMX())


def wants_json() -> bool:
    """Whether the script takes JSON."""
    return from_script() and "application/json" in request.headers.get("Accept", "")


def dialog(template: str, title: str, **values: Any) -> str:
    """A dialog: alone for our scripts (in a pop-up where htmx names one), otherwise as a page of its own."""
    if from_script():
        return render_template(template, **values, popover=bool(HTMX().target))
    return render_template("dialog_page.html", dialog_template=template, dialog_title=title, **values)


def refusal(
    error: FieldstoneError,
    labels: Mapping[str, str] | None = None,
    place: Callable[[str], str] = str,
) -> tuple[Response, int]:
    """What was refused, as JSON for our scripts. place: the input that a path of the platform is about."""
    errors = [
        {
            "field": one.field and place(one.field),
            "message": one.message,
            "label": (labels or {}).get(one.field or "", ""),
        }
        for one in error.errors
    ]
    return jsonify(message=error.message, code=error.code, errors=errors), error.status


def go(address: str) -> ResponseReturnValue:
    """On to another page, for our scripts as well."""
    return location(address) if from_script() else redirect(address, 303)


def location(address: str) -> Response:
    """For our scripts: where to go instead."""
    return jsonify(location=address)


def identity(text: str) -> UUID:
    """The id in an address. Raises NotFound for what is none: such a page does not exist."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("There is no such record, or you may not see it.") from error


def version(text: str | None) -> int | None:
    """The version that a form was made from, or None."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
