"""The versions: who published what and why, what each changed, and going back to one."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError
from fieldstone.publication.apply import NotAccepted
from fieldstone.publication.current import NoLongerAccepted
from fieldstone.publication.store import Publication
from fieldstone_ui import data
from fieldstone_ui.data import studio
from fieldstone_ui.pages.studio import wording
from fieldstone_ui.pages.studio.frame import shown
from fieldstone_ui.pages.studio.plans import plan_shown, planned, published, refused, wanted
from fieldstone_ui.pages.studio.troubles import troubles
from fieldstone_ui.presentation.studio import PlanPage, VersionPage, VersionRow

SECTION = "versions"


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/studio/versions", endpoint="studio_versions")(list_versions)
    pages.get("/studio/versions/<int(max=2147483647):version>", endpoint="studio_version")(show)
    pages.get("/studio/versions/<int(max=2147483647):version>/back", endpoint="studio_back")(plan_back)
    pages.post("/studio/versions/<int(max=2147483647):version>/back", endpoint="studio_go_back")(go_back)


def list_versions() -> ResponseReturnValue:
    """The last versions, newest first."""
    found = studio.workplace()
    rows = _rows(studio.versions(), found.draft.base)
    return shown("versions.html", found, SECTION, rows=rows, unfinished=studio.left())


def show(version: int) -> ResponseReturnValue:
    """One version: what it changed, element by element and line by line."""
    found = studio.workplace()
    row = _rows([studio.version(version)], found.draft.base)[0]
    back = "" if row.current else url_for("pages.studio_back", version=version)
    page = VersionPage(row, (), (), back)
    try:
        difference = studio.differences(version)
    except NoLongerAccepted as error:
        return shown("version.html", found, SECTION, asked=replace(page, problem=error.message))
    applications = [data.context().model.application]
    page = replace(
        page,
        elements=[wording.told(each, applications) for each in difference.elements],
        files=wording.changed_files(difference.files, linked=row.current),
    )
    return shown("version.html", found, SECTION, asked=page)


def plan_back(version: int) -> ResponseReturnValue:
    """What going back to a version would do."""
    found = studio.workplace()
    return plan_shown(found, _plan(found, studio.version(version)))


def go_back(version: int) -> ResponseReturnValue:
    """Go back to a version, which is a new one then."""
    decided = wanted()
    note, base, allowed = decided.note, decided.base or 0, decided.allow_destructive
    studio.version(version)
    try:
        applied = studio.return_to(version, note or _note(version), base, allow_destructive=allowed)
    except FieldstoneError as error:
        if error.status in {401, 403}:
            raise
        found = studio.workplace()
        return plan_shown(found, refused(_plan(found, studio.version(version)), error, note)), error.status
    return published(applied.version, unchanged=applied.unchanged)


def _plan(found: studio.Workplace, target: Publication) -> PlanPage:
    version, base = target.version, found.draft.base
    page = PlanPage(
        f"Back to version {version}",
        url_for("pages.studio_go_back", version=version),
        _note(version),
        base,
        base + 1,
    )
    try:
        return planned(page, studio.proposed_return(version), found.draft.published)
    except NotAccepted as error:
        told = "The documents of that version are no longer accepted."
        return replace(page, troubles=troubles(error.problems), told=told)


def _note(version: int) -> str:
    return f"Back to version {version}"


def _rows(found: list[Publication], current: int) -> list[VersionRow]:
    names, formats = studio.names({each.author for each in found}), data.formats()
    return [
        VersionRow(
            each.version,
            url_for("pages.studio_version", version=each.version),
            formats.ago(each.at),
            names.get(each.author, "somebody"),
            each.note,
            each.version == current,
        )
        for each in found
    ]
