"""Where elements are used, in words and with links to the lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from fieldstone_metadata.declarations import Application
from fieldstone_metadata.uses.elements import ENTITY, FIELD, Element, Use
from fieldstone_ui.data import studio_elements
from fieldstone_ui.pages.studio.frame import document_url, kind_of
from fieldstone_ui.presentation.labels import humanize
from fieldstone_ui.presentation.studio_fields import UseGroup, UsePlace

RULES = (
    "trigger", "validation", "check", "function", "schedule", "assignment", "pool", "score", "sla",
)  # fmt: skip
ORDER = ("rules", "field", "entity", "workflow", "form", "view", "role", "menu", "message", "data", "test")
TEST = "test"
LABELS = {FIELD: ("Fields", "forms"), TEST: ("Tests of rules", "test-pipe")}
MOST_SHOWN = 200


def counts_by_field(application: Application, entity: str) -> dict[str, int]:
    """Field → in how many places it is used."""
    index = studio_elements.uses_in(application)
    fields = application.entities[entity].fields
    found = {name: index.get(Element(FIELD, (entity, name)), frozenset()) for name in fields}
    return {name: len({(use.kind, use.name) for use in uses}) for name, uses in found.items()}


def uses_of_field(application: Application, entity: str, field: str) -> list[UseGroup]:
    """Where a field is used."""
    return grouped(studio_elements.uses_in(application).get(Element(FIELD, (entity, field)), ()))


def uses_of_entity(application: Application, entity: str) -> list[UseGroup]:
    """Where an object is used, as such or through its fields, but in itself."""
    index = studio_elements.uses_in(application)
    found = set(index.get(Element(ENTITY, (entity,)), ()))
    for element, used in index.items():
        if element.kind == FIELD and element.path[0] == entity:
            found |= {use for use in used if not _is_own(use, entity)}
    return grouped(found)


def total(groups: Sequence[UseGroup]) -> int:
    """How many places there are."""
    return sum(len(group.places) + group.left for group in groups)


def grouped(found: Iterable[Use]) -> list[UseGroup]:
    """Uses by kind of what uses them, in the order in which people look; one line for each that does."""
    known = sorted(set(found), key=lambda use: (_position(use), use.kind, use.name, use.line, use.how))
    groups = groupby(known, key=_kind)
    return [_group(kind, list(uses)) for kind, uses in groups]


def _group(kind: str, found: Sequence[Use]) -> UseGroup:
    label, icon = LABELS.get(kind) or (kind_of(kind).several, kind_of(kind).icon)
    users = [list(uses) for _, uses in groupby(found, key=lambda use: (use.kind, use.name))]
    places = [_place(uses) for uses in users[:MOST_SHOWN]]
    return UseGroup(label, icon, places, len(users) - len(places))


def _place(uses: Sequence[Use]) -> UsePlace:
    """What uses something, with all its ways; the link leads to the first line."""
    first = uses[0]
    what = first.name.partition(".")[2] if first.kind == TEST else first.name
    kind = f"{first.kind} " if first.kind in RULES else ""
    at = f"{first.layer}/{first.path}, line {first.line}" if first.layer else ""
    url = document_url((first.layer, first.path), first.line) if first.layer else ""
    ways = dict.fromkeys(humanize(use.how).lower() for use in uses)
    return UsePlace(f"{kind}{what}", ", ".join(ways), url, at)


def _kind(use: Use) -> str:
    return "rules" if use.kind in RULES else use.kind


def _position(use: Use) -> int:
    kind = _kind(use)
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


def _is_own(use: Use, entity: str) -> bool:
    return use.kind in (ENTITY, FIELD) and use.name.split(".")[0] == entity
