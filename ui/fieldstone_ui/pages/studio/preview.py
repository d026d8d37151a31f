"""The form of an object as the draft would have it, for somebody who reads the pages with these roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from fieldstone.model.model import Entity, Field
from fieldstone.records import FieldState
from fieldstone_metadata.declarations import Application, Form, FormField, Section, Tab
from fieldstone_ui import data
from fieldstone_ui.data import studio_elements
from fieldstone_ui.pages import layouts, sheets
from fieldstone_ui.pages.sheets import Filling
from fieldstone_ui.presentation.records import FormTab

NOBODY = UUID(int=0)
"""A record that is there, as formulas are only shown for one, and that nobody has."""


def preview_of(application: Application, name: str) -> Sequence[FormTab]:
    """The tabs of the form of a new record; conditions are not asked, so that all fields are seen."""
    with studio_elements.supposing(application):
        model = data.context().model
        owner = model.entities.get(name)
        if owner is None:
            return ()
        filling = Filling(owner, {"entity": name}, _states(owner), identity=NOBODY)
        return sheets.tabs(_unconditional(layouts.form_of(owner)), filling)


def _states(owner: Entity) -> dict[str, FieldState]:
    return {name: _state(field) for name, field in {**owner.system, **owner.fields}.items()}


def _state(field: Field) -> FieldState:
    locked = not field.writable or field.readonly is True
    return FieldState(visible=field.visible is not False, required=field.required is True, readonly=locked)


def _unconditional(form: Form) -> Form:
    """The form with its fields alone: what is in lists has to be saved first."""
    return replace(form, tabs=tuple(_tab(tab) for tab in form.tabs))


def _tab(tab: Tab) -> Tab:
    return Tab(tab.label, tuple(_section(section) for section in tab.sections))


def _section(section: Section) -> Section:
    fields = (FormField(item.name) for item in section.items if isinstance(item, FormField))
    return Section(section.label, section.columns, tuple(fields))
