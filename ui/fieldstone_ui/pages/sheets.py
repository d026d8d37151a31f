"""The form of a record: its layout filled with controls and related lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import url_for

from fieldstone.model.model import Entity
from fieldstone.records import FieldState
from fieldstone_metadata.declarations import Form, FormField, RelatedList, Section
from fieldstone_ui import data
from fieldstone_ui.pages import inside, layouts
from fieldstone_ui.pages.addresses import of_entity
from fieldstone_ui.pages.link_fields import link_fields
from fieldstone_ui.presentation.columns import make_columns
from fieldstone_ui.presentation.controls import Control
from fieldstone_ui.presentation.entry import Parts, raw_parts
from fieldstone_ui.presentation.inside import InsidePart
from fieldstone_ui.presentation.labels import humanize, text
from fieldstone_ui.presentation.records import FormPart, FormTab, RelatedPart

Part = FormPart | RelatedPart | InsidePart
RELATED_ROWS = 10
READ_ONLY = FieldState(visible=True, required=False, readonly=True)


@dataclass(frozen=True)
class Filling:
    """What a form is filled with.

    record: values in the API's form. states: of its fields. typed: what somebody typed, errors: what is wrong
    with it, both by field. changeable: whether the reader may change the record.
    alike: which records count as the same, as markup, by field.
    """

    entity: Entity
    record: Mapping[str, Any]
    states: Mapping[str, FieldState]
    typed: Mapping[str, Parts] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    identity: UUID | None = None
    changeable: bool = True
    alike: Mapping[str, str] = field(default_factory=dict)


def tabs(form: Form, filling: Filling) -> list[FormTab]:
    """The tabs of a form; those with nothing in them for this reader are left out."""
    made = [tab_of(position, tab.label, tab.sections, filling) for position, tab in enumerate(form.tabs)]
    return [tab for tab in made if tab.parts]


def tab_of(
    position: int, label: Mapping[str, str] | None, sections: Iterable[Section], filling: Filling
) -> FormTab:
    """One tab."""
    parts: list[Part] = []
    for number, section in enumerate(sections):
        parts += section_parts(f"s-{position}-{number}", section, filling)
    return FormTab(text(label, data.locale()), parts)


def section_parts(
    identity: str, section: Section, filling: Filling
) -> Iterable[FormPart | RelatedPart | InsidePart]:
    """A section's fields, then its related lists. The timeline stands beside the form on every page."""
    fields = [item for item in section.items if isinstance(item, FormField)]
    controls = [made for item in fields if (made := control(item, filling)) is not None]
    if controls:
        yield FormPart(identity, text(section.label, data.locale()), section.columns, controls)
    for item in section.items:
        if isinstance(item, RelatedList):
            made_list = related_part(item, filling)
            if made_list is not None:
                yield made_list


def related_part(item: RelatedList, filling: Filling) -> RelatedPart | InsidePart | None:
    """A related list; where its rows are saved with the record, they are part of the form."""
    if item.edit is not None and item.inverse in filling.entity.lines:
        return inside.part(item, filling)
    return related(item, filling.entity, filling.identity) if filling.identity is not None else None


def control(item: FormField, filling: Filling) -> Control | None:
    """A field of the form; None if the reader may not know it."""
    state = filling.states.get(item.name)
    if (
        state is None
        or filling.entity.field(item.name) is None
        or not data.may_read_field(filling.entity, item.name)
    ):
        return None
    if filling.identity is None and state.readonly and filling.record.get(item.name) is None:
        return None
    return make_control(filling, item.name, state, data.holds(filling.entity, item.visible, filling.record))


def make_control(filling: Filling, name: str, state: FieldState, shown: bool = True) -> Control:
    """A field with what stands in it, its state and what is wrong with it."""
    look = data.look(filling.entity, name)
    saved = raw_parts(look, filling.record.get(name), data.formats())
    typed = filling.typed.get(name)
    return Control(
        look=look,
        raw=saved if typed is None else typed,
        visible=state.visible and shown,
        required=state.required and not moved_only(filling.entity, name),
        locked=state.readonly or moved_only(filling.entity, name),
        why=why_locked(filling, name) if state.readonly else "",
        error=filling.errors.get(name, ""),
        alike=filling.alike.get(name, ""),
        touched=typed is not None,
        possible=None if state.options is None else frozenset(state.options),
        links=link_fields(filling.entity, name, filling.identity),
    )


def moved_only(owner: Entity, name: str) -> bool:
    """Whether a field changes only through transitions, which have buttons of their own."""
    return owner.workflow is not None and owner.workflow.field == name


def why_locked(filling: Filling, name: str) -> str:
    """Why a field that people usually set cannot be set here: only told where the state is the reason."""
    workflow = filling.entity.workflow
    if workflow is None:
        return ""
    state = workflow.states.get(str(filling.record.get(workflow.field)))
    return "fixed in this stage" if state is not None and name in state.readonly else ""


def related(item: RelatedList, owner: Entity, identity: UUID) -> RelatedPart | None:
    """The first related records; None if the reader may not know of them."""
    inverse = owner.inverses.get(item.inverse)
    if inverse is None or inverse.entity not in data.readable_entities():
        return None
    target = data.context().model.entities[inverse.entity]
    if not data.may_read_field(target, inverse.field):
        return None
    looks = data.looks(target, item.columns or layouts_columns(target, inverse.field))
    columns = make_columns(looks, data.title_field(target), (), None)
    found = data.related(owner, identity, inverse, [column.look.name for column in columns], RELATED_ROWS)
    new_url = (
        new_related_url(target, inverse.field, f"{owner.name}:{identity}")
        if data.may_create_in_form(target.name) and not inverse.many
        else ""
    )
    return RelatedPart(
        name=item.inverse,
        label=text(inverse.label, data.locale(), humanize(item.inverse)),
        entity=target.name,
        columns=columns,
        rows=found.data,
        count=data.formats().number(found.count) if found.count is not None else "",
        new_url=new_url,
        all_url=url_for("pages.listing", entity=target.name, where=f"{inverse.field}.id == '{identity}'")
        if found.next and not inverse.many
        else "",
    )


def new_related_url(target: Entity, field_name: str, token: str) -> str:
    """The form of a new record that refers to this one."""
    return f"{of_entity('new', target)}?{urlencode({f'f.{field_name}': token})}"


def layouts_columns(target: Entity, back: str) -> list[str]:
    """The columns of a related list that names none: the first readable ones but the way back."""
    small = [
        name for name in target.fields if name != back and layouts.kind(target, name) not in layouts.LARGE
    ]
    return small[:5]
