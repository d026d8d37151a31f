"""A form that is being filled in: what it starts from, what was typed, and its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from flask import render_template, request

from fieldstone.model.model import Entity
from fieldstone.records import FieldState
from fieldstone_metadata.declarations import Form, FormField
from fieldstone_ui import data
from fieldstone_ui.pages import inside, layouts, sheets
from fieldstone_ui.pages.addresses import of_entity, of_record
from fieldstone_ui.pages.sheets import Filling
from fieldstone_ui.pages.typed import Typed
from fieldstone_ui.presentation.labels import text
from fieldstone_ui.presentation.records import Problem, RecordPage

QUICK = "quick"
"""The parameter of a page that creates with the few fields that a form names under `quick`."""
ALL_FIELDS = "all_fields"
"""What the button sends that leads from those few fields to all, with what was typed."""


@dataclass(frozen=True)
class Draft:
    """A form in hand. record: what is saved, or what a new one starts from. identity: None for a new one."""

    entity: Entity
    identity: UUID | None
    record: Mapping[str, Any]
    sent: Typed = field(default_factory=Typed)

    @property
    def values(self) -> dict[str, Any]:
        """The record as it would be."""
        return {**self.record, **self.sent.values}


def start_values(owner: Entity) -> dict[str, Any]:
    """What a new record is shown with: fixed defaults, its first state, and the reader as owner."""
    principal = data.context().principal
    values: dict[str, Any] = {
        name: found.declaration.default.value
        for name, found in owner.fields.items()
        if found.declaration.default
    }
    if owner.workflow is not None:
        values[owner.workflow.field] = owner.workflow.initial
    if "owner" in owner.system:
        values["owner"] = {"entity": "user", "id": str(principal.user), "title": principal.name}
    return values | {"entity": owner.name}


def presets(owner: Entity, parameters: Mapping[str, str]) -> dict[str, Any]:
    """References that an address gives (`f.account=account:…`), with their titles."""
    given = {name.removeprefix("f."): token for name, token in parameters.items() if name.startswith("f.")}
    found = {name: data.described(token) for name, token in given.items() if owner.field(name) is not None}
    return {name: reference for name, reference in found.items() if reference is not None}


def worth_sending(owner: Entity, values: Mapping[str, Any]) -> dict[str, Any]:
    """A new record without what was left empty, so that defaults fill it, unless one was cleared."""
    shown = start_values(owner)
    return {
        name: value
        for name, value in values.items()
        if value not in (None, "", []) or shown.get(name) is not None
    }


def page(
    draft: Draft,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
    alike: Mapping[str, str] | None = None,
) -> RecordPage:
    """The form as a page. errors, alike: what is said at fields."""
    owner, locale = draft.entity, data.locale()
    label = text(owner.label, locale, owner.name)
    filling = replace(make_filling(draft, errors or {}), alike=alike or {})
    form = form_for(draft, filling)
    list_url = of_entity("listing", owner)
    return RecordPage(
        entity=owner.name,
        label=label,
        plural=text(owner.plural, locale, owner.name),
        title=draft.record.get("_title") or label if draft.identity else f"New {label.lower()}",
        mode="type",
        record=draft.values,
        tabs=sheets.tabs(form, filling),
        list_url=list_url,
        save_url=of_record("save", owner, draft.identity) if draft.identity else create_url(owner),
        cancel_url=of_record("record", owner, draft.identity) if draft.identity else list_url,
        save_label="Save" if draft.identity else f"Create {label.lower()}",
        save_hint="Fields with a star are needed."
        if any(state.required for state in filling.states.values())
        else "",
        crumb=f"New {label.lower()}" if draft.identity is None else "Edit",
        states_url=of_record("states", owner, draft.identity)
        if draft.identity
        else of_entity("new_states", owner),
        id=str(draft.identity or ""),
        version=draft.record.get("version"),
        changed_ago=data.formats().ago(data.instant(draft.record["updated_at"]))
        if draft.record.get("updated_at")
        else "",
        all_fields_url=of_entity("create", owner) if is_quick(draft) else "",
        problem=problem,
        problems=problems(owner, errors or {}),
    )


def is_quick(draft: Draft) -> bool:
    """Whether only the few quick fields are shown."""
    return draft.identity is None and QUICK in request.args and bool(layouts.form_of(draft.entity).quick)


def create_url(owner: Entity) -> str:
    """Where a new record is sent, so that a refused one comes back in the same form."""
    return of_entity("create", owner, **{QUICK: request.args.get(QUICK)})


def form_for(draft: Draft, filling: Filling) -> Form:
    """The reader's form, or its few quick fields where a new record was asked for so."""
    form = layouts.form_of(draft.entity)
    if not is_quick(draft):
        return form
    moved = draft.entity.workflow.field if draft.entity.workflow else None
    needed = [name for name, state in filling.states.items() if state.required and name != moved]
    return layouts.shortened(form, [*needed, *draft.sent.values])


def make_filling(draft: Draft, errors: Mapping[str, str]) -> Filling:
    """What the form is filled with."""
    found = states(draft.entity, draft.identity, draft.record, draft.sent)
    record = draft.values | {name: draft.record.get(name) for name in draft.entity.lines}
    return Filling(draft.entity, record, found, draft.sent.parts, errors, draft.identity)


def states(
    owner: Entity, identity: UUID | None, record: Mapping[str, Any], sent: Typed
) -> dict[str, FieldState]:
    """The states of the fields of a form and of the rows inside the record, by the names of inputs."""
    rows = inside.asked(owner, record, sent.rows)
    nested = {name: list(found.values()) for name, found in rows.items()}
    found = data.field_states(owner, identity, {**sent.values, **nested})
    return inside.states_of(owner, found, rows, sent.within)


def problems(owner: Entity, errors: Mapping[str, str]) -> list[Problem]:
    """What is wrong, with the labels of the fields."""
    known = {look.name: look.label for look in data.looks(owner, errors)}
    return [
        Problem(message, name if name in known else "", known.get(name, ""))
        for name, message in errors.items()
    ]


def shown(draft: Draft, name: str) -> str:
    """How what was typed reads, as the page would show it."""
    collection, _, cell = name.partition(".")
    typed = draft.sent.cell(name) if cell else draft.sent.values[name]
    held = data.with_title(typed, draft.sent.parts.get(name, {}))
    if cell:
        target = data.context().model.entities[draft.entity.lines[collection].entity]
        field_name = cell.partition(".")[2]
        record = {field_name: held, "currency": draft.values.get("currency")}
        return render_template("fields/shown.html", look=data.look(target, field_name), record=record)
    values = {**draft.values, name: held}
    return render_template("fields/shown.html", look=data.look(draft.entity, name), record=values)


def narrow(draft: Draft, fields: dict[str, Any]) -> None:
    """Hide what the form itself hides, beyond what the fields say."""
    for item in layouts.form_fields(layouts.form_of(draft.entity)):
        if isinstance(item, FormField) and item.name in fields and item.visible is not True:
            visible = data.holds(draft.entity, item.visible, draft.values)
            fields[item.name]["visible"] = fields[item.name]["visible"] and visible
