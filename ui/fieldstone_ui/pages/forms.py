"""Creating and changing records, and how fields are shown as one types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fieldstone.errors import FieldstoneError, Forbidden, VersionConflict
from fieldstone.model.model import Entity
from fieldstone.records import POSSIBLE_DUPLICATE as POSSIBLE
from fieldstone_ui import data
from fieldstone_ui.pages import answers, conflicts, drafts, duplicates, inside, records
from fieldstone_ui.pages.drafts import Draft
from fieldstone_ui.pages.typed import Typed, read_form
from fieldstone_ui.presentation.labels import text


def install(pages: Blueprint) -> None:
    """Add the routes."""
    pages.get("/e/<entity>/new", endpoint="new")(new)
    pages.post("/e/<entity>/new", endpoint="create")(create)
    pages.post("/e/<entity>/states", endpoint="new_states")(states_of_new)
    pages.get("/e/<entity>/<record>/edit", endpoint="edit")(edit)
    pages.post("/e/<entity>/<record>/edit", endpoint="save")(save)
    pages.post("/e/<entity>/<record>/states", endpoint="states")(states)


# -- a new record


def new(entity: str) -> ResponseReturnValue:
    """A form with the defaults; parameters such as `f.account=account:…` fill references."""
    owner = creatable(entity)
    start = Typed(values=drafts.presets(owner, request.args))
    return show(Draft(owner, None, drafts.start_values(owner), start))


def create(entity: str) -> ResponseReturnValue:
    """Create the record and show it; or the form again, with everything that was typed: if it was refused, or
    if the few quick fields were not enough.
    """
    owner = creatable(entity)
    sent = read_form(owner, with_files=True)
    draft = Draft(owner, None, drafts.start_values(owner), sent)
    if drafts.ALL_FIELDS in request.form:
        return render_template("records/record.html", rec=drafts.page(draft, sent.errors))
    if sent.errors:
        return refused(draft, sent.errors, "Some values cannot be read.")
    try:
        written = data.create(owner, drafts.worth_sending(owner, sent.values))
    except FieldstoneError as error:
        return refused_by(draft, error)
    return go_to(owner, written.id)


def creatable(entity: str) -> Entity:
    """The entity, if the reader may create records of it. Raises Forbidden."""
    owner = data.entity(entity)
    if not data.may_create_in_form(owner.name):
        raise Forbidden(f"You may not create {text(owner.plural, data.locale(), owner.name).lower()}.")
    return owner


def states_of_new(entity: str) -> Response:
    """How the fields of a new record are shown for what has been typed."""
    owner = creatable(entity)
    sent = read_form(owner)
    return told(Draft(owner, None, drafts.start_values(owner), sent))


# -- a record that is there


def edit(entity: str, record: str) -> ResponseReturnValue:
    """All fields as inputs, for whoever prefers a form, and without a script."""
    owner, identity = data.entity(entity), answers.identity(record)
    return show(Draft(owner, identity, data.one(owner, identity), Typed()))


def save(entity: str, record: str) -> ResponseReturnValue:
    """Save what was typed; a conflict shows both values, a refusal what is wrong; nothing is lost."""
    owner, identity = data.entity(entity), answers.identity(record)
    sent = conflicts.picked(read_form(owner, with_files=True))
    draft = Draft(owner, identity, data.one(owner, identity), sent)
    if sent.errors:
        return refused(draft, sent.errors, "Some values cannot be read.")
    try:
        data.update(owner, identity, sent.values, answers.version(request.form.get("version")))
    except VersionConflict as error:
        return conflicts.answer(draft, error)
    except FieldstoneError as error:
        return refused_by(draft, error)
    return records.saved(owner, identity)


def states(entity: str, record: str) -> Response:
    """How the fields of a record are shown for what has been typed."""
    owner, identity = data.entity(entity), answers.identity(record)
    return told(Draft(owner, identity, data.one(owner, identity), read_form(owner)))


# -- answers


def show(draft: Draft) -> str:
    """The form as a page."""
    return render_template("records/record.html", rec=drafts.page(draft))


def told(draft: Draft) -> Response:
    """The states of the fields as JSON, and how what was typed reads."""
    found = drafts.states(draft.entity, draft.identity, draft.record, draft.sent)
    fields: dict[str, Any] = {}
    for name, state in found.items():
        told_one: dict[str, Any] = {
            "visible": state.visible,
            "required": state.required,
            "locked": state.readonly,
        }
        if state.options is not None:
            told_one["options"] = state.options
        if name in draft.sent.parts:
            told_one["error"] = draft.sent.errors.get(name) or state.error
        if name in draft.sent.values or draft.sent.cell(name) is not None:
            told_one["shown"] = drafts.shown(draft, name)
        fields[name] = told_one
    drafts.narrow(draft, fields)
    for name, note in duplicates.notes(draft).items():
        if name in fields:
            fields[name]["alike"] = note
    return jsonify(fields=fields)


def refused_by(draft: Draft, error: FieldstoneError) -> ResponseReturnValue:
    """The form again with what the platform refused, or the question whether to save it anyway."""
    if {one.code for one in error.errors} == {POSSIBLE}:
        return duplicates.ask(draft, error)
    keys = draft.sent.keys
    if answers.wants_json():
        return answers.refusal(error, place=lambda path: inside.place(path, keys))
    by_field = inside.places({one.field: one.message for one in error.errors if one.field}, keys)
    message = error.message if error.status != 422 else "It is not saved yet: some values were refused."
    return render_again(draft, by_field, message), error.status


def refused(draft: Draft, errors: Mapping[str, str], message: str) -> ResponseReturnValue:
    """The form again with what cannot be read."""
    if answers.wants_json():
        listed = [{"field": name, "message": sentence} for name, sentence in errors.items()]
        return jsonify(message=message, code="unreadable", errors=listed), 422
    return render_again(draft, errors, message), 422


def render_again(draft: Draft, errors: Mapping[str, str], message: str) -> str:
    """The page with the problems summed up at the top and told at the fields."""
    rec = drafts.page(draft, errors, message, duplicates.notes(draft))
    return render_template("records/record.html", rec=rec)


def go_to(owner: Entity, identity: UUID) -> ResponseReturnValue:
    """To the record."""
    address = url_for("pages.record", entity=owner.name, record=identity)
    return jsonify(location=address) if answers.wants_json() else redirect(address, 303)
