"""A page that the browser fetched when the mouse went down may be used for the click that follows."""

from __future__ import annotations

from flask import Blueprint, Response, request

MOMENT = 3


def install(pages: Blueprint) -> None:
    """Mark answers to preloading requests as usable for a moment."""
    pages.after_request(allow_reuse)


def allow_reuse(response: Response) -> Response:
    """Only what was asked for in advance is kept, and only until the click."""
    if request.headers.get("HX-Preloaded") == "true" and response.status_code == 200:
        response.headers["Cache-Control"] = f"private, max-age={MOMENT}"
    return response
