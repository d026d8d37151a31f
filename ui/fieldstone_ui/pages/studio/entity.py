"""An object: its fields with a form that adds and changes them, its form as the draft has it, who may do what
with it, and where it is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from fieldstone.errors import FieldstoneError, NotFound
from fieldstone_metadata.declarations import Application, Entity, Field
from fieldstone_ui import data
from fieldstone_ui.data import studio
from fieldstone_ui.pages import notices
from fieldstone_ui.pages.answers import from_script, go
from fieldstone_ui.pages.studio import field_form, uses
from fieldstone_ui.pages.studio.frame import document_url, layer_tag, shown
from fieldstone_ui.pages.studio.grants import VERBS, roles_with
from fieldstone_ui.pages.studio.preview import preview_of
from fieldstone_ui.presentation.field_types import type_icon, type_label
from fieldstone_ui.presentation.labels import humanize, text
from fieldstone_ui.presentation.studio import LayerTag
from fieldstone_ui.presentation.studio_fields import EntityPage, FieldRow, Found

TABS = ("fields", "form", "permissions", "used")
KIND = "entity"
LONGEST_SEARCH = 100
MOST_ROLES = 100
PASSED_ON = {401, 403, 404, 503}


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/studio/entities/<name>", endpoint="studio_entity")(show)
    pages.post("/studio/entities/<name>", endpoint="studio_entity_change")(change)
    pages.post("/studio/entities/<name>/check", endpoint="studio_entity_check")(try_out)


@dataclass(frozen=True)
class _Shown:
    """An object in hand. stale: the draft has mistakes, so that all is as it is in force."""

    found: studio.Workplace
    application: Application
    entity: Entity
    stale: bool


def show(name: str) -> ResponseReturnValue:
    """The object, as the draft has it."""
    here = _here(name)
    return shown("entity.html", here.found, KIND, asked=_page(here, MultiDict()))


def change(name: str) -> ResponseReturnValue:
    """Add a field to the draft, or change one; refused, the form comes back as it was typed."""
    here = _here(name)
    about = field_form.subject(here.found, here.application, here.entity, request.form.get("field", ""))
    found = field_form.tried(about, request.form)
    if found.errors or found.general:
        return _refused(here, found)
    try:
        field, edits = field_form.edits(about, request.form)
        studio.edit(edits)
    except (FieldstoneError, ValueError) as error:
        if isinstance(error, FieldstoneError) and error.status in PASSED_ON:
            raise
        message = error.message if isinstance(error, FieldstoneError) else str(error)
        return _refused(here, Found(general=[(message, "", "")]))
    label = request.form.get("label", "").strip()
    notices.tell(f"“{label}” is in your draft." if edits else "Nothing was different.")
    another = request.form.get("another") == "true"
    return go(
        url_for("pages.studio_entity", name=name, field=None if another else field, new=another or None)
    )


def try_out(name: str) -> ResponseReturnValue:
    """What the check says of what is typed, and the form as it would be; nothing is kept."""
    here = _here(name)
    about = field_form.subject(here.found, here.application, here.entity, request.form.get("field", ""))
    found = field_form.tried(about, request.form)
    if not from_script():
        return _refused(here, found, 200)
    return render_template("studio/field_found.html", found=found)


def _refused(here: _Shown, found: Found, status: int = 422) -> ResponseReturnValue:
    """The page with what is wrong."""
    if not (found.errors or found.general or found.fits):
        found = replace(found, general=[(field_form.NEEDS_LABEL, "", "")])
    return shown("entity.html", here.found, KIND, asked=_page(here, request.form, found)), status


def _here(name: str) -> _Shown:
    found = studio.workplace()
    application = found.checked.application
    shown_one = application or data.context().model.application
    entity = shown_one.entities.get(name)
    if entity is None:
        raise NotFound(f"There is no object `{name[:80]}`.")
    return _Shown(found, shown_one, entity, application is None)


def _page(here: _Shown, sent: MultiDict[str, str], found: Found | None = None) -> EntityPage:
    name, entity, origin = here.entity.name, here.entity, here.entity.origin
    asked = request.args.get("tab", "")
    tab = asked if asked in TABS else TABS[0]
    query = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    page = EntityPage(
        name=name,
        label=text(entity.label, data.locale(), humanize(name)),
        tab=tab,
        tabs=_tabs(here),
        rows=[row for row in _rows(here) if _matches(row, query)] if tab == "fields" else (),
        source_url=document_url((origin.layer, origin.path), origin.line) if origin else "",
        stale=here.stale,
        query=query,
    )
    return _with_tab(here, page, sent, found)


def _with_tab(here: _Shown, page: EntityPage, sent: MultiDict[str, str], found: Found | None) -> EntityPage:
    if page.tab == "used":
        field = request.args.get("field", "")
        known = field in here.entity.fields
        groups = (
            uses.uses_of_field(here.application, page.name, field)
            if known
            else uses.uses_of_entity(here.application, page.name)
        )
        return replace(page, uses=groups, used=field if known else "")
    if page.tab == "permissions":
        rights = roles_with(here.application, page.name)
        return replace(page, rights=rights[:MOST_ROLES], left=max(0, len(rights) - MOST_ROLES), verbs=VERBS)
    about = field_form.subject(here.found, here.application, here.entity, request.values.get("field", ""))
    form = field_form.form(about, sent, found)
    preview = preview_of(here.application, page.name) if page.tab == "form" and not form.found.preview else ()
    return replace(page, form=form, preview=form.found.preview or preview)


def _tabs(here: _Shown) -> list[tuple[str, str, str, int | None]]:
    """Key, label, address and count."""
    name = here.entity.name
    counts: Mapping[str, int] = {
        "fields": len(here.entity.fields),
        "used": uses.total(uses.uses_of_entity(here.application, name)),
    }
    labels = {"fields": "Fields", "form": "Form", "permissions": "Permissions", "used": "Used in"}
    address = {
        tab: url_for("pages.studio_entity", name=name, tab=tab if tab != TABS[0] else None) for tab in TABS
    }
    return [(tab, labels[tab], address[tab], counts.get(tab)) for tab in TABS]


def _matches(row: FieldRow, query: str) -> bool:
    told = f"{row.label} {row.name} {row.type}".casefold()
    return all(word in told for word in query.casefold().split())


def _rows(here: _Shown) -> Iterator[FieldRow]:
    entity = here.entity
    in_force = data.context().model.entities.get(entity.name)
    known = in_force.declaration.fields if in_force else {}
    counts = uses.counts_by_field(here.application, entity.name)
    for name, field in entity.fields.items():
        yield FieldRow(
            name=name,
            label=text(field.label, data.locale(), humanize(name)),
            url=url_for("pages.studio_entity", name=entity.name, field=name),
            type=_type(here.application, entity, field),
            icon=type_icon(field.type),
            marks=list(_marks(field)),
            tags=[*_tags(field), *([] if name in known else [LayerTag("new", "green", "new")])],
            uses=counts[name],
            uses_url=url_for("pages.studio_entity", name=entity.name, tab="used", field=name),
        )


def _type(application: Application, entity: Entity, field: Field) -> str:
    """The type with what it leads to: "Reference → Account", "Formula → money", "Text, 200"."""
    label = type_label(field.type)
    if field.target is not None and field.target.entities and field.type != "user":
        known = (application.entities.get(name) for name in field.target.entities)
        targets = [text(one.label, data.locale(), one.name) for one in known if one is not None]
        return f"{label} → {', '.join(targets)}"
    if field.formula is not None:
        return f"{label} → {type_label(str(field.formula.type.kind)).lower()}"
    workflow = application.workflow_of(entity.name)
    if workflow is not None and workflow.field == field.name:
        return f"{label} · workflow"
    longest = field.options.get("max_length")
    return f"{label}, {data.formats().number(longest)}" if longest else label


def _tags(field: Field) -> Iterator[LayerTag]:
    if field.origin is not None:
        yield layer_tag(field.origin.layer)
        yield from (layer_tag(layer, "changed") for layer in field.origin.changed_by)


def _marks(field: Field) -> Iterator[str]:
    """What binds the values of a field, in a word each."""
    marks = {
        "required": field.required is True,
        "required if…": field.required not in (True, False),
        "unique": field.unique,
        "indexed": field.index,
        "stored": field.stored,
        "check": field.check is not None,
        "read only": field.readonly is True,
        "shown if…": field.visible is not True,
        "personal": field.private,
    }
    yield from (word for word, holds in marks.items() if holds)
