"""The sidebar: menus as sections, with a letter for each place behind G."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fieldstone_ui.presentation.labels import text

if TYPE_CHECKING:
    from fieldstone.model.model import Entity, Model
    from fieldstone_metadata.declarations import Menu, MenuItem, View

DEFAULT_ICON = "point"
TABS = 4
Address = Callable[[str, str | None], str]
"""(entity, view or None) → the address of its list."""


@dataclass(frozen=True)
class Place:
    """A line of the menu. key: the letter after G; entity: what it shows; whole: all records of it."""

    label: str
    url: str
    icon: str
    entity: str
    view: str | None = None
    whole: bool = True
    key: str = ""
    current: bool = False


@dataclass(frozen=True)
class Section:
    """A titled group of places."""

    label: str
    items: tuple[Place, ...]


def sections(model: Model, readable: frozenset[str], locale: str, address: Address) -> list[Section]:
    """The menu of somebody who may read the entities `readable`."""
    found = [
        part
        for menu in model.menus.values()
        for part in menu_sections(menu, model, readable, locale, address)
    ]
    if not found:
        found = [everything(model, readable, locale, address)]
    return with_keys([section for section in found if section.items])


def menu_sections(
    menu: Menu, model: Model, readable: frozenset[str], locale: str, address: Address
) -> Iterable[Section]:
    """A menu's own lines, then each of its sections."""
    lines = place_each(menu.items, model, readable, locale, address)
    yield Section(text(menu.label, locale, menu.name), tuple(lines))
    for item in menu.items:
        if item.section is not None:
            yield Section(
                text(item.section, locale), tuple(place_each(item.items, model, readable, locale, address))
            )


def place_each(
    items: Iterable[MenuItem], model: Model, readable: frozenset[str], locale: str, address: Address
) -> Iterable[Place]:
    """The items that lead to something one may read."""
    for item in items:
        if item.entity is not None and item.entity in readable:
            entity = model.entities[item.entity]
            view = model.views.get(item.view or "")
            named = item.label or (view.label if view is not None else entity.plural)
            icon = view_icon(view) if view is not None else icon_of(entity)
            yield Place(
                text(named, locale, entity.name),
                address(entity.name, item.view),
                icon,
                entity.name,
                item.view,
                whole=view is None or view.where is None,
            )


def everything(model: Model, readable: frozenset[str], locale: str, address: Address) -> Section:
    """What is shown when no menu was declared: all entities that may be read."""
    entities = (entity for entity in model.entities.values() if entity.name in readable)
    places = (
        Place(text(e.plural, locale, e.name), address(e.name, None), icon_of(e), e.name) for e in entities
    )
    return Section("Records", tuple(places))


def view_icon(view: View) -> str:
    """A sign for the kind of view."""
    return {"board": "layout-kanban", "tree": "binary-tree"}.get(view.type, "layout-list")


def icon_of(entity: Entity) -> str:
    """The declared icon, or a dot."""
    return entity.declaration.icon or DEFAULT_ICON


def with_keys(found: list[Section]) -> list[Section]:
    """Give each place the first letter of its label that is free."""
    taken: set[str] = set()

    def keyed(place: Place) -> Place:
        free = (
            letter
            for letter in place.label.lower()
            if letter.isascii() and letter.isalpha() and letter not in taken
        )
        key = next(free, "")
        taken.add(key)
        return replace(place, key=key)

    return [replace(section, items=tuple(keyed(place) for place in section.items)) for section in found]


def mark(found: list[Section], current: str | None, view: str | None) -> list[Section]:
    """Mark the place of the view at hand, or else the one that comes nearest: all records of the entity."""
    places = [place for section in found for place in section.items if place.entity == current]
    nearest = min(places, key=lambda place: (place.view != view, not place.whole), default=None)
    return [
        replace(section, items=tuple(replace(place, current=place is nearest) for place in section.items))
        for section in found
    ]


def tabs(
    found: list[Section], labels: Mapping[str, str], icons: Mapping[str, str], home: str, searching: str
) -> list[Place]:
    """The bar at the foot of a phone: the first place of each entity, under its name, and search."""
    first: dict[str, Place] = {}
    for place in (place for section in found for place in section.items):
        first.setdefault(place.entity, place)
    if not first:
        return [Place("Home", home, "home", "")]
    places = [
        replace(p, label=labels.get(p.entity, p.label), icon=icons.get(p.entity, p.icon))
        for p in first.values()
    ]
    return [*places[:TABS], Place("Search", searching, "search", "")]
