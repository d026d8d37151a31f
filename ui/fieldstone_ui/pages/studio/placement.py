"""Where a new field goes: the sections of forms, and the lists that may show it as a column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from fieldstone_metadata.declarations import Application
from fieldstone_metadata.editing import DocumentEdit, Edit, Step
from fieldstone_metadata.editing.changes import item_name
from fieldstone_metadata.nodes import to_plain
from fieldstone_ui import data
from fieldstone_ui.data import studio, studio_elements
from fieldstone_ui.presentation.labels import humanize, text
from fieldstone_ui.presentation.studio_fields import FormPlaces, ListPlace

NOWHERE = "-"
LIST = "list"


def form_places(
    found: studio.Workplace, application: Application, entity: str, sent: MultiDict[str, str]
) -> list[FormPlaces]:
    """The forms of an object with their sections; without a choice a field goes into the last main one."""
    return [_form(found, name, sent) for name, form in application.forms.items() if form.entity == entity]


def list_places(application: Application, entity: str, sent: MultiDict[str, str]) -> list[ListPlace]:
    """The lists with columns of their own that show records of an object."""
    chosen = set(sent.getlist("column"))
    return [
        ListPlace(name, text(view.label, data.locale(), humanize(name)), name in chosen)
        for name, view in application.views.items()
        if view.entity == entity and view.type == LIST and view.columns
    ]


def placing(
    found: studio.Workplace, forms: Sequence[FormPlaces], lists: Sequence[ListPlace], field: str
) -> Iterator[DocumentEdit]:
    """The edits that put a field where it was asked for."""
    for form in forms:
        paths = {place.key: place.path for place in _places(found, form.form)}
        if form.chosen in paths:
            yield DocumentEdit("form", form.form, Edit((*paths[form.chosen], "-"), "add", field))
    for view in lists:
        if view.chosen:
            yield DocumentEdit("view", view.view, Edit(("columns", "-"), "add", field))


@dataclass(frozen=True)
class _Place:
    """A list of fields of a form. path: where it stands. main: outside of tabs."""

    key: str
    label: str
    path: tuple[Step, ...]
    main: bool = False


def _form(found: studio.Workplace, form: str, sent: MultiDict[str, str]) -> FormPlaces:
    places = list(_places(found, form))
    preferred = [place.key for place in places if place.main] or [place.key for place in places]
    chosen = sent.get(f"form.{form}", preferred[-1] if preferred else NOWHERE)
    return FormPlaces(form, humanize(form), [(place.key, place.label) for place in places], chosen)


def _places(found: studio.Workplace, form: str) -> Iterator[_Place]:
    document = studio_elements.document(found, "form", form)
    layout = [] if document is None else to_plain(document.root).get("layout", [])
    for name, item in _named(layout):
        if isinstance(item, dict) and "tab" in item:
            yield from _in_tab(name, item)
        elif isinstance(item, dict) and "section" in item:
            yield _Place(str(name), _label(item["section"]), ("layout", name, _fields_of(item)), main=True)


def _in_tab(name: Step, tab: Mapping[str, Any]) -> Iterator[_Place]:
    label, path = _label(tab["tab"]), ("layout", name, "items")
    for inner, item in _named(tab.get("items", [])):
        if isinstance(item, dict) and "section" in item:
            told = f"{label}: {_label(item['section'])}"
            yield _Place(f"{name}/{inner}", told, (*path, inner, _fields_of(item)))
    yield _Place(str(name), f"{label} (tab)", path)


def _fields_of(section: Mapping[str, Any]) -> str:
    """The key under which the fields of a section stand."""
    return "items" if "items" in section and "fields" not in section else "fields"


def _named(items: list[Any]) -> Iterator[tuple[Step, Any]]:
    """Items with their names, or their positions where they have none or share one."""
    names = [item_name(item) for item in items]
    for position, (name, item) in enumerate(zip(names, items, strict=True)):
        yield (name if name is not None and names.count(name) == 1 else position), item


def _label(label: Any) -> str:
    return text(label, data.locale()) if isinstance(label, dict) else str(label)
