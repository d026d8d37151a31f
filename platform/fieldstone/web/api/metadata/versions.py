"""The versions: who published what, what differs between two, and going back to one."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from fieldstone.context import Context
from fieldstone.publication.afterwards.unfinished import unfinished
from fieldstone.publication.apply import publish
from fieldstone.publication.arrangements import propose_version
from fieldstone.publication.authors import author_names
from fieldstone.publication.store import Publication, publications
from fieldstone.publication.versions import VersionDifference, compare
from fieldstone.web import bodies
from fieldstone.web.api.answers import json_value, moment
from fieldstone.web.api.metadata.answers import applied_answer, planned
from fieldstone.web.api.metadata.documents import NEWEST, publication_of
from fieldstone.web.api.metadata.rights import publisher
from fieldstone.web.api.metadata.sent import WANTED, Wanted
from fieldstone.web.parameters import Parameters

MOST_VERSIONS = 1_000


def install(api: Blueprint) -> None:
    """Add the routes."""
    api.get("/metadata/versions")(list_versions)
    api.get("/metadata/versions/<version>")(get_version)
    api.post("/metadata/versions/<version>/plan")(plan_version)
    api.post("/metadata/versions/<version>/apply")(apply_version)


def list_versions() -> Response:
    """The last versions, newest first, and what they left to be done in the background."""
    limit = Parameters("limit").integer("limit", 50, 1, MOST_VERSIONS)
    context = publisher()
    with context.database.read() as connection:
        found = publications(connection, context.database.system, limit)
        left = [one.as_json() for one in unfinished(connection, context.database.system)]
    return json_value({"version": context.model.version, "data": _told(context, found), "unfinished": left})


def get_version(version: str) -> Response:
    """One version, with what separates it from the one before, or from `since`."""
    parameters = Parameters("since")
    context, found = publisher(), publication_of(version)
    since = parameters.integer("since", found.version - 1, 0, NEWEST)
    difference = compare(context.database, since, found.version)
    return json_value(_told(context, [found])[0] | {"since": since} | _differing(difference))


def plan_version(version: str) -> Response:
    """What going back to a version would do."""
    Parameters()
    bodies.read_nothing()
    found = publication_of(version)
    return json_value(planned(propose_version(publisher().database, found.version)))


def apply_version(version: str) -> Response:
    """Go back to a version, which is a new one then."""
    Parameters()
    context, wanted = publisher(), Wanted.of(bodies.read_optional_object(), WANTED)
    found = publication_of(version)
    note = wanted.note or f"Back to version {found.version}"
    proposal = replace(
        propose_version(context.database, found.version), allow_destructive=wanted.allow_destructive
    )
    author = context.principal.user
    return applied_answer(publish(context.database, proposal, author=author, note=note, base=wanted.base))


def _told(context: Context, found: list[Publication]) -> list[dict[str, Any]]:
    names = author_names(context.database, {each.author for each in found})
    return [
        {
            "version": each.version,
            "at": moment(each.at),
            "author": _author(each.author, names.get(each.author)),
            "note": each.note,
            "fieldstone_version": each.fieldstone_version,
        }
        for each in found
    ]


def _author(user: UUID, name: str | None) -> dict[str, Any]:
    return {"id": str(user), "entity": "user", "title": name}


def _differing(difference: VersionDifference) -> dict[str, Any]:
    elements = [
        asdict(each.change) | {"alterations": [asdict(one) for one in each.alterations]}
        for each in difference.elements
    ]
    return {"elements": elements, "files": [asdict(file) for file in difference.files]}
