"""The studio: pages on which those with the capability `publish` change what is declared."""

from __future__ import annotations

from flask import Blueprint

from fieldstone_ui.pages.studio import documents, editor, entity, plans, roles, rule_testing, versions


def install(pages: Blueprint) -> None:
    """Add the routes."""
    for part in (documents, editor, entity, plans, roles, rule_testing, versions):
        part.install(pages)
