"""Which form a record is shown in: the declared one for the reader's roles, or one made from the entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fieldstone.model.model import Entity
from fieldstone_metadata.declarations import Form, FormField, RelatedList, Section, Tab
from fieldstone_ui import data

LARGE = {"long_text", "markdown", "rich_text", "code", "json"}
MOST_RELATED = 6
INLINE = "inline"


def form_of(entity: Entity) -> Form:
    """The form of the highest priority for one of the reader's roles; a generated one without any."""
    current = data.context()
    roles = current.principal.roles
    forms = [form for form in current.model.forms.values() if form.entity == entity.name]
    fitting = [form for form in forms if not form.roles or roles & set(form.roles)]
    return min(fitting, key=lambda form: (-form.priority, form.name)) if fitting else generated(entity)


def generated(entity: Entity) -> Form:
    """All fields in the declared order, large ones below in one column, related records in a tab.

    Links that live inside a record stand there with their fields, and not as a list of names besides.
    """
    inside = {name for name, field in entity.fields.items() if field.link is not None and field.link.inside}
    declared = [name for name in entity.fields if name not in inside]
    names = [*declared, *(name for name in ("owner", "team") if name in entity.system)]
    small = [FormField(name) for name in names if kind(entity, name) not in LARGE]
    large = [FormField(name) for name in names if kind(entity, name) in LARGE]
    sections = [Section({"": "Details"}, 2, tuple(small))]
    if large:
        sections.append(Section({"": "More"}, 1, tuple(large)))
    lines = (Section(None, 1, (RelatedList(name, edit=INLINE),)) for name in entity.lines)
    sections.extend(lines)
    others = [name for name in entity.inverses if name not in entity.lines]
    related = [Section(None, 1, (RelatedList(name),)) for name in others[:MOST_RELATED]]
    tabs = [Tab(None, tuple(sections)), *([Tab({"": "Related"}, tuple(related))] if related else [])]
    return Form(entity.name, entity.name, (), 0, tuple(tabs))


def shortened(form: Form, needed: Iterable[str]) -> Form:
    """The form with only the fields under `quick`, and those that the record cannot be without."""
    names = dict.fromkeys((*form.quick, *needed))
    return replace(form, tabs=(Tab(None, (Section(None, 1, tuple(map(FormField, names))),)),))


def kind(entity: Entity, name: str) -> str:
    """The type of a field."""
    field = entity.field(name)
    return field.declaration.type if field is not None else ""


def form_fields(form: Form) -> Iterator[FormField]:
    """All fields of a form, in order."""
    for section in sections(form.tabs):
        yield from (item for item in section.items if isinstance(item, FormField))


def related_lists(form: Form) -> Iterator[RelatedList]:
    """All related lists of a form, in order."""
    for section in sections(form.tabs):
        yield from (item for item in section.items if isinstance(item, RelatedList))


def sections(tabs: Iterable[Tab]) -> Iterator[Section]:
    """All sections of all tabs."""
    for tab in tabs:
        yield from tab.sections
