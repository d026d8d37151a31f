"""The form that adds a field to an object or changes one: what it shows, and what the check says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict

from fieldstone.errors import Invalid
from fieldstone_metadata import Problem
from fieldstone_metadata.declarations import Application, Entity, Field
from fieldstone_metadata.editing import DocumentEdit, Edit
from fieldstone_metadata.names import suggested_name
from fieldstone_metadata.nodes import Node, to_plain
from fieldstone_ui import data
from fieldstone_ui.data import studio, studio_elements
from fieldstone_ui.pages.studio import field_values, uses
from fieldstone_ui.pages.studio.field_values import OPTIONS
from fieldstone_ui.pages.studio.frame import document_url
from fieldstone_ui.pages.studio.placement import form_places, list_places, placing
from fieldstone_ui.pages.studio.preview import preview_of
from fieldstone_ui.pages.studio.problem_places import problems_by_key, sentence
from fieldstone_ui.presentation.field_types import TypeChoice, type_choices
from fieldstone_ui.presentation.labels import humanize, text
from fieldstone_ui.presentation.studio_fields import ConditionInput, FieldForm, Found, OptionRow

ENTITY = "entity"
NEW_TYPE = "text"
MOST_CHOICES = 200
EMPTY_OPTIONS = 2
"""So many rows wait for more options; the script adds others."""
NEEDS_LABEL = "A field needs a label, and a name if none can be made from the label."
Sent = MultiDict[str, str]


@dataclass(frozen=True)
class Subject:
    """What the form is about: an object as the draft has it, and a field of it; name empty for a new one.

    plain: what the documents say of the field. origin: the node of it, None for a new one.
    """

    found: studio.Workplace
    application: Application
    entity: Entity
    name: str = ""
    plain: Mapping[str, Any] | None = None
    origin: Node | None = None

    @property
    def field(self) -> Field | None:
        """The declared field; None for a new one."""
        return self.entity.fields.get(self.name)


def subject(found: studio.Workplace, application: Application, entity: Entity, name: str) -> Subject:
    """The field of that name, or a new one where there is none."""
    document = studio_elements.document(found, ENTITY, entity.name)
    fields = document.root.get("fields") if document is not None else None
    node = fields.get(name) if fields is not None and name else None
    if node is None or name not in entity.fields:
        return Subject(found, application, entity)
    return Subject(found, application, entity, name, to_plain(node), node)


def edits(about: Subject, sent: Sent) -> tuple[str, list[DocumentEdit]]:
    """The name of the field, and what has to change for what was typed. Raises ValueError for too little."""
    typed = field_values.read_field(sent, about.plain or {})
    label = sent.get("label", "").strip()
    if about.plain is not None:
        if not label:
            raise ValueError("A label cannot be empty.")
        changes = field_values.field_edits(("fields", about.name), typed, about.plain, data.locale())
        return about.name, [DocumentEdit(ENTITY, about.entity.name, edit) for edit in changes]
    name = sent.get("name", "").strip() or suggested_name(label) or ""
    if not label or not name:
        raise ValueError(NEEDS_LABEL)
    added = Edit(("fields", name), "add", field_values.new_field(typed))
    forms = form_places(about.found, about.application, about.entity.name, sent)
    lists = list_places(about.application, about.entity.name, sent)
    placed = placing(about.found, forms, lists, name)
    return name, [DocumentEdit(ENTITY, about.entity.name, added), *placed]


def tried(about: Subject, sent: Sent) -> Found:
    """What the check says of what was typed, and the form as it would be; nothing is kept."""
    try:
        name, wanted = edits(about, sent)
    except ValueError as error:
        return Found() if not sent.get("label", "").strip() else Found(general=[(str(error), "", "")])
    try:
        would_be = studio_elements.supposed(about.found, wanted)
    except Invalid as error:
        return Found(general=[(error.message, "", "")], field=name)
    return _judged(about, would_be, name)


def form(about: Subject, sent: Sent, found: Found | None = None) -> FieldForm:
    """The form as it stands, or as it was typed. found: what is wrong with that."""
    plain, declared = about.plain or {}, about.field
    common, others = type_choices()
    chosen = sent.get("type", "") or str(plain.get("type", NEW_TYPE))
    label = text(declared.label, data.locale(), humanize(about.name)) if declared else "New field"
    workflow = about.application.workflow_of(about.entity.name)
    moved = workflow is not None and workflow.field == about.name
    origin = workflow.origin if workflow is not None and moved else None
    shown = FieldForm(
        title=label,
        name=about.name,
        type=_choice([*common, *others], chosen),
        common=common,
        others=others,
        values=_values(plain, label if declared else "", sent),
        flags={
            key: sent.get(key) == "true" if sent else plain.get(key) is True for key in field_values.FLAGS
        },
        conditions=[_condition(key, plain, sent) for key in field_values.CONDITIONS],
        options=_options(plain, sent),
        targets=_targets(about),
        option_sets=_labels(about.application.option_sets),
        keys=field_values.types_by_key(),
        found=found or Found(),
        moves=(humanize(workflow.name), document_url((origin.layer, origin.path), origin.line))
        if workflow is not None and origin is not None
        else None,
        close_url=url_for("pages.studio_entity", name=about.entity.name),
    )
    return _existing(about, shown) if declared else _placed(about, shown, sent)


def _existing(about: Subject, shown: FieldForm) -> FieldForm:
    assert about.origin is not None  # a declared field stands somewhere
    place = about.origin.source.layer, about.origin.source.path
    written = [key for key, value in (about.plain or {}).items() if field_values.is_written(key, value)]
    return replace(
        shown,
        url=document_url(place, about.origin.place[0]),
        written=[key for key in written if not (shown.moves and key == OPTIONS)],
        uses=uses.uses_of_field(about.application, about.entity.name, about.name),
    )


def _placed(about: Subject, shown: FieldForm, sent: Sent) -> FieldForm:
    return replace(
        shown,
        forms=form_places(about.found, about.application, about.entity.name, sent),
        lists=list_places(about.application, about.entity.name, sent),
    )


def _values(plain: Mapping[str, Any], label: str, sent: Sent) -> dict[str, str]:
    shown = field_values.shown_values(plain, data.locale())
    shown["label"] = shown.get("label") or label
    typed = {key: sent[key] for key in ("name", *field_values.TRANSLATED, *field_values.TEXTS) if key in sent}
    numbers = {key: sent[key] for key in field_values.NUMBERS if key in sent}
    return {"name": ""} | shown | typed | numbers


def _condition(key: str, plain: Mapping[str, Any], sent: Sent) -> ConditionInput:
    label, *words = field_values.CONDITIONS[key]
    mode, expression = field_values.shown_condition(key, plain.get(key))
    if f"{key}.mode" in sent:
        mode, expression = sent[f"{key}.mode"], sent.get(key, "")
    return ConditionInput(key, label, mode, expression, (words[0], words[1], words[2]))


def _options(plain: Mapping[str, Any], sent: Sent) -> list[OptionRow]:
    known = field_values.shown_options(plain) if isinstance(plain.get(OPTIONS), list) else []
    found = field_values.sent_options(sent, known) if "option.value" in sent else known
    return [*found, *[OptionRow()] * EMPTY_OPTIONS]


def _choice(choices: Sequence[TypeChoice], name: str) -> TypeChoice:
    return next((one for one in choices if one.name == name), choices[0])


def _targets(about: Subject) -> list[tuple[str, str]]:
    """The objects that a reference may lead to; none where they are too many to choose from a list."""
    entities = about.application.entities
    return _labels(entities) if len(entities) <= MOST_CHOICES else []


def _labels(declared: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(name, text(one.label, data.locale(), humanize(name))) for name, one in declared.items()]
    return sorted(found, key=lambda pair: pair[1].casefold())


def _judged(about: Subject, would_be: studio.Workplace, name: str) -> Found:
    before = {(one.path, one.message) for one in about.found.checked.problems}
    new = [one for one in would_be.checked.problems if (one.path, one.message) not in before]
    wrong = [one for one in new if one.severity == "error"]
    document = studio_elements.document(would_be, ENTITY, about.entity.name)
    errors, others = problems_by_key(document, ("fields", name), wrong)
    application = would_be.checked.application
    preview = preview_of(application, about.entity.name) if application is not None else ()
    return Found(
        errors=errors,
        general=[*map(told, others)],
        fits=_fits(about, new) if application is not None else "",
        preview=preview,
        field=name,
    )


def _fits(about: Subject, new: Sequence[Problem]) -> str:
    if new:
        return f"It fits the model, with a warning: {new[0].message}"
    added = about.plain is None
    return (
        "Fits the model. Records that are there get an empty value or its formula, and nothing else changes."
        if added
        else "Fits the model."
    )


def told(problem: Problem) -> tuple[str, str, str]:
    """A problem for people: message, place and address."""
    place = problem.layer, problem.path
    told = f"{'/'.join(place)}, line {problem.line}" if all(place) else ""
    return sentence(problem), told, document_url(place, problem.line) if all(place) else ""
