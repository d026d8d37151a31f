"""All pages as one Flask blueprint, with what their templates need around them."""

from __future__ import annotations

from flask import Blueprint, Flask

from fieldstone.web.docs_page import use_assets
from fieldstone.web.failures import use_error_page
from fieldstone_ui import templating
from fieldstone_ui.assets import asset_url, serve_asset
from fieldstone_ui.pages import (
    activity,
    approvals,
    boards,
    bulk,
    cells,
    denied,
    failures,
    files,
    forms,
    lists,
    logins,
    lookups,
    merging,
    moves,
    notices,
    notifications,
    operations,
    preloading,
    profile,
    records,
    rights,
    searching,
    sharing,
    shell,
    studio,
    trees,
    what_if,
)


def install(app: Flask) -> None:
    """Register the pages, their error page and their assets with the web application."""
    app.register_blueprint(make_blueprint())
    use_error_page(app, failures.error_page)
    use_assets(app, asset_url)


def make_blueprint() -> Blueprint:
    """The blueprint `pages`."""
    pages = Blueprint("pages", __name__, template_folder="templates")
    pages.get("/assets/<file>", endpoint="asset")(serve_asset)
    templating.install(pages)
    for part in (
        shell,
        profile,
        preloading,
        logins,
        lists,
        boards,
        trees,
        bulk,
        cells,
        forms,
        merging,
        moves,
        approvals,
        activity,
        files,
        notices,
        notifications,
        operations,
        records,
        sharing,
        rights,
        what_if,
        studio,
        denied,
        lookups,
        searching,
    ):
        part.install(pages)
    return pages
