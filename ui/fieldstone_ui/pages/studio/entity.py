"""An object with its fields: a form adds one to the draft, another changes the label of one."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, NotFound
from fieldstone_metadata.declarations import Entity, Field
from fieldstone_metadata.editing import DocumentEdit, Edit
from fieldstone_metadata.names import suggested_name
from fieldstone_ui import data
from fieldstone_ui.data import studio
from fieldstone_ui.pages import notices
from fieldstone_ui.pages.answers import go
from fieldstone_ui.pages.studio.frame import document_url, layer_tag, shown
from fieldstone_ui.presentation.labels import humanize, text
from fieldstone_ui.presentation.studio import EntityPage, FieldRow, LayerTag

SIMPLE_TYPES = (
    "text", "long_text", "integer", "decimal", "money", "percent",
    "boolean", "date", "datetime", "email", "phone", "url",
)  # fmt: skip
"""The types that need no further keys: all others are written as text."""


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/studio/entities/<name>", endpoint="studio_entity")(show)
    pages.post("/studio/entities/<name>", endpoint="studio_entity_change")(change)


def show(name: str) -> ResponseReturnValue:
    """The fields of an object, as the draft has them."""
    found = studio.workplace()
    return shown("entity.html", found, "entity", asked=_page(found, name))


def change(name: str) -> ResponseReturnValue:
    """Add a field to the draft, or change the label of one."""
    label, field = request.form.get("label", "").strip(), request.form.get("field", "")
    try:
        edit = _relabelled(field, label) if field else _added(label)
        studio.edit([DocumentEdit("entity", name, edit)])
    except (FieldstoneError, ValueError) as error:
        if isinstance(error, FieldstoneError) and error.status in {401, 403, 503}:
            raise
        found = studio.workplace()
        problem = error.message if isinstance(error, FieldstoneError) else str(error)
        return shown("entity.html", found, "entity", asked=_page(found, name, problem)), 422
    notices.tell(f"“{label}” is in your draft.")
    return go(url_for("pages.studio_entity", name=name))


def _added(label: str) -> Edit:
    """Raises ValueError for a form that says too little."""
    name = request.form.get("name", "").strip() or suggested_name(label) or ""
    kind = request.form.get("type", "")
    if not label or not name:
        raise ValueError("A field needs a label, and a name if none can be made from the label.")
    if kind not in SIMPLE_TYPES:
        raise ValueError("Choose a type.")
    value: dict[str, object] = {"type": kind, "label": label}
    if request.form.get("required") == "true":
        value["required"] = True
    return Edit(("fields", name), "add", value)


def _relabelled(field: str, label: str) -> Edit:
    """Raises ValueError for an empty label."""
    if not label:
        raise ValueError("A label cannot be empty.")
    return Edit(("fields", field, "label"), "set", label)


def _page(found: studio.Workplace, name: str, problem: str = "") -> EntityPage:
    application = found.checked.application
    current = (application or data.context().model.application).entities.get(name)
    if current is None:
        raise NotFound(f"There is no object `{name[:80]}`.")
    rows = list(_rows(current))
    chosen = request.values.get("field", "")
    origin = current.origin
    return EntityPage(
        name=name,
        label=text(current.label, data.locale(), humanize(name)),
        rows=rows,
        types=[(kind, humanize(kind)) for kind in SIMPLE_TYPES],
        chosen=next((row for row in rows if row.name == chosen), None),
        typed={key: request.form.get(key, "") for key in ("label", "name", "type")},
        source_url=document_url((origin.layer, origin.path), origin.line) if origin else "",
        stale=application is None,
        problem=problem,
    )


def _rows(entity: Entity) -> Iterator[FieldRow]:
    in_force = data.context().model.entities.get(entity.name)
    known = in_force.declaration.fields if in_force else {}
    for name, field in entity.fields.items():
        label = text(field.label, data.locale(), humanize(name))
        url = url_for("pages.studio_entity", name=entity.name, field=name)
        tags = list(_tags(field))
        if name not in known:
            tags.append(LayerTag("new", "green", "new"))
        yield FieldRow(name, label, url, humanize(field.type), list(_marks(field)), tags)


def _tags(field: Field) -> Iterator[LayerTag]:
    if field.origin is not None:
        yield layer_tag(field.origin.layer)
        yield from (layer_tag(layer, "changed") for layer in field.origin.changed_by)


def _marks(field: Field) -> Iterator[str]:
    """What binds the values of a field, in a word each."""
    marks = {
        "required": field.required,
        "unique": field.unique,
        "indexed": field.index,
        "stored": field.stored,
    }
    yield from (word for word, holds in marks.items() if holds is True)
    if field.required not in (True, False):
        yield "required if…"
