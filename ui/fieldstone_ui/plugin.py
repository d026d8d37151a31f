"""Joins the platform: adds the pages to the web application."""

from __future__ import annotations

from flask import Flask

from fieldstone.hooks import hookimpl


@hookimpl
def fieldstone_pages(app: Flask) -> None:
    """Add all pages; imported here, so that commands that serve nothing stay fast."""
    from fieldstone_ui.blueprint import install  # noqa: PLC0415  see the docstring

    install(app)
