"""What is wrong with documents and where others changed the same, for the pages that show it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fieldstone.drafts import Conflict
from fieldstone_metadata import Problem
from fieldstone_ui.data import studio
from fieldstone_ui.pages.studio.frame import document_url, kind_of
from fieldstone_ui.presentation.studio import Clash, Trouble


def troubles(problems: Sequence[Problem], here: studio.Place | None = None) -> list[Trouble]:
    """Problems: those of the file `here` first, errors before warnings."""
    found = [_trouble(problem, here) for problem in problems]
    return sorted(found, key=lambda one: (not one.here, not one.grave))


def clashes(found: Sequence[Conflict]) -> list[Clash]:
    """Conflicts, with both sides as text."""
    names = studio.names({conflict.by for conflict in found if conflict.by})
    return [
        Clash(
            what=f"{kind_of(conflict.kind).one if conflict.kind != 'field' else 'field'} {conflict.name}",
            by=names.get(conflict.by, "somebody") if conflict.by else "",
            url=document_url((conflict.layer, conflict.path)),
            place=f"{conflict.layer}/{conflict.path}",
            mine=_as_text(conflict.mine),
            theirs=_as_text(conflict.theirs),
        )
        for conflict in found
    ]


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
