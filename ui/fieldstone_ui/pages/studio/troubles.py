"""What is wrong with documents and where others changed the same, for the pages that show it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import url_for

from fieldstone.drafts import Conflict
from fieldstone.publication.upgrades import Upgrading
from fieldstone_metadata import Problem
from fieldstone_metadata.upgrade_conflicts import UpgradeConflict
from fieldstone_ui.data import studio
from fieldstone_ui.pages.studio.frame import document_url, kind_of
from fieldstone_ui.presentation.labels import humanize
from fieldstone_ui.presentation.studio import Clash, ClashedFile, Trouble, UpgradeSide


def troubles(problems: Sequence[Problem], here: studio.Place | None = None) -> list[Trouble]:
    """Problems: those of the file `here` first, errors before warnings."""
    found = [_trouble(problem, here) for problem in problems]
    return sorted(found, key=lambda one: (not one.here, not one.grave))


def clashes(found: Sequence[Conflict]) -> list[ClashedFile]:
    """Conflicts by file, with both sides as text."""
    names = studio.names({conflict.by for conflict in found if conflict.by})
    files: dict[studio.Place, list[Clash]] = {}
    for conflict in found:
        files.setdefault((conflict.layer, conflict.path), []).append(_clash(conflict, names))
    return [_clashed_file(place, found) for place, found in files.items()]


def _clashed_file(place: studio.Place, found: Sequence[Clash]) -> ClashedFile:
    return ClashedFile(
        "/".join(place),
        document_url(place),
        url_for("pages.studio_settle", layer=place[0], path=place[1]),
        [clash for clash in found if not clash.author],
        [clash for clash in found if clash.author],
    )


def _clash(conflict: Conflict, names: Mapping[UUID, str]) -> Clash:
    return Clash(
        what=_what(conflict),
        element=f"{conflict.kind} {conflict.name}",
        by=names.get(conflict.by, "somebody") if conflict.by else "",
        author=str(conflict.by or ""),
        url=document_url((conflict.layer, conflict.path)),
        place=f"{conflict.layer}/{conflict.path}",
        mine=_as_text(conflict.mine),
        theirs=_as_text(conflict.theirs),
    )


def _what(conflict: Conflict) -> str:
    """The element in words: "The label of opportunity", "The field amount of opportunity"."""
    document, _, name = conflict.name.partition(".")
    if conflict.kind == "file":
        return f"The text of {conflict.path}"
    if conflict.kind in {"field", "grant", "state", "transition", "setting"}:
        return f"The {conflict.kind} {name} of {document}"
    return f"The {humanize(name).lower()} of the {kind_of(conflict.kind).one} {document}"


def upgrade_side(found: UpgradeConflict, upgrading: Upgrading) -> UpgradeSide:
    """A conflict between layers, with both sides as text and the side that was chosen."""
    place = found.layer, found.path
    return UpgradeSide(
        element=found.element,
        message=found.message,
        where=f"{'/'.join(place)}, line {found.line}",
        url=document_url(place, found.line),
        mine=_as_text(found.mine),
        theirs=_as_text(found.theirs),
        choices=found.choices,
        chosen=upgrading.choices.of(found) or "",
    )


def _trouble(problem: Problem, here: studio.Place | None) -> Trouble:
    place = problem.layer, problem.path
    return Trouble(
        message=problem.message,
        hint=problem.hint or "",
        place="/".join(part for part in place if part),
        url=document_url(place, problem.line) if all(place) else "",
        line=problem.line,
        column=problem.column,
        here=place == here,
        grave=problem.severity == "error",
    )


def _as_text(value: Any) -> str:
    if value is None:
        return "(removed)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)
