"""What stands around every page of the studio: its menu, with how many documents there are of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for

from fieldstone_ui import data
from fieldstone_ui.data import studio
from fieldstone_ui.presentation.studio import Area, Frame, LayerTag

RULES = "rules"


@dataclass(frozen=True)
class Kind:
    """How people call a kind of documents: one, several; and its icon."""

    one: str
    several: str
    icon: str


KINDS: Mapping[str, Kind] = {
    "entity": Kind("object", "Objects", "table"),
    "workflow": Kind("workflow", "Workflows", "git-branch"),
    RULES: Kind("rules", "Rules", "bolt"),
    "option_set": Kind("option set", "Option sets", "list-details"),
    "view": Kind("view", "Views", "layout-list"),
    "form": Kind("form", "Forms", "forms"),
    "menu": Kind("menu", "Menus", "menu-2"),
    "message": Kind("message", "Messages", "message"),
    "role": Kind("role", "Roles", "shield-check"),
    "calendar": Kind("calendar", "Calendars", "calendar"),
    "data": Kind("data", "Data", "database"),
    "app": Kind("app", "Apps", "package"),
}
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Model": ("entity", "workflow", RULES, "option_set"),
    "Pages": ("view", "form", "menu", "message"),
    "People": ("role",),
    "Installation": ("app", "calendar", "data"),
}
SPARE = Kind("document", "Documents", "file-text")
LAYER_HUES = {"core": "gray", "local": "violet"}


def kind_of(name: str) -> Kind:
    """How people call a kind."""
    return KINDS.get(name, SPARE)


def layer_tag(name: str, how: str = "owner") -> LayerTag:
    """The mark of a layer, always in its colour."""
    return LayerTag(name, "green" if how == "new" else LAYER_HUES.get(name, "blue"), how)


def shown(template: str, found: studio.Workplace, section: str, **values: Any) -> str:
    """A page of the studio. section: the kind of documents, or the place, that its menu marks."""
    return render_template(f"studio/{template}", frame=_frame(found, section), **values)


def document_url(place: studio.Place, line: int = 0) -> str:
    """Where a file is edited; line: where the page opens it."""
    anchor = f"L{line}" if line > 1 else None
    return url_for("pages.studio_file", layer=place[0], path=place[1], _anchor=anchor)


def _frame(found: studio.Workplace, section: str) -> Frame:
    counts = Counter(document.kind for document in found.documents if not document.extends)
    groups = [(label, _areas(kinds, counts, section)) for label, kinds in GROUPS.items()]
    number = data.formats().number
    return Frame(
        [(label, areas) for label, areas in groups if areas],
        len(found.draft.files),
        number(found.draft.base),
        section,
    )


def _areas(kinds: Sequence[str], counts: Mapping[str, int], section: str) -> list[Area]:
    return [
        Area(
            KINDS[kind].several,
            KINDS[kind].icon,
            url_for("pages.studio", kind=kind),
            data.formats().number(counts.get(kind, 0)),
            kind == section,
        )
        for kind in kinds
        if counts.get(kind)
    ]
