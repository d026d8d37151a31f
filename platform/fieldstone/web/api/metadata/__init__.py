"""`/api/v1/metadata`: what is declared, its versions, and changing it. Needs the capability `publish`."""

from flask import Blueprint

from fieldstone.web.api.metadata import documents, draft, publishing, versions


def install(api: Blueprint) -> None:
    """Add the routes."""
    for part in (documents, versions, draft, publishing):
        part.install(api)
