"""`GET /api/docs`: the API as a page to read and try, for the rights of whoever is logged in."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app, render_template

from fieldstone.errors import NotFound
from fieldstone.web.api.answers import PREFIX
from fieldstone.web.request_context import DOCS_PATH, current_context

EXTENSION = "fieldstone_asset_url"
AssetUrl = Callable[[str], str]


def install(app: Flask) -> None:
    """Add the route."""
    app.get(DOCS_PATH)(api_docs)


def use_assets(app: Flask, asset_url: AssetUrl) -> None:
    """For pages: where the built files `api-docs.js` and `api-docs.css` are served."""
    app.extensions[EXTENSION] = asset_url


def api_docs() -> str:
    """The page. Raises `NotAuthenticated` when nobody is logged in."""
    current_context()
    asset_url: AssetUrl | None = current_app.extensions.get(EXTENSION)
    if asset_url is None:
        raise NotFound(f"The pages are not installed here; the document is at {PREFIX}/openapi.json.")
    return render_template("api_docs.html", asset_url=asset_url, document=f"{PREFIX}/openapi.json")
